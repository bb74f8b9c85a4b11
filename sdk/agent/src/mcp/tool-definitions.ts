import { canonicalize } from '../../../../core/json/canonical.ts';
import { inParallel } from '../../../../core/in-parallel.ts';
import type { Json as JsonValue } from '../../../../schemas/json.ts';
import type { Json } from '../../../compliance/src/api-types.ts';
import type { MastGuardClient } from '../../../compliance/src/client.ts';
import { awaitReview } from '../await-review.ts';
import { MastGuardBlockedError } from '../blocked-error.ts';
import { type GovernedEvent, letsPass, type ShieldDecision } from '../decision.ts';
import type { Governor } from '../governor.ts';
import { splitContent } from '../split-content.ts';
import { isMembers, type Members, type RpcAnswer } from './json-rpc.ts';
import { changesOf, pinOf, type ToolPin, type ToolPins } from './tool-pins.ts';

/**
 * `accepted`: as pinned. `new`: pinned just now, after others of this server. `changed`: differs from what is pinned. `withheld`: its text did
 * not pass. `unlisted`: the server does not list it.
 */
export type ToolState = 'accepted' | 'new' | 'changed' | 'withheld' | 'unlisted';

export interface ToolStanding {
  state: ToolState;
  /** Of the definition as the server has it now; undefined where there is none that can be compared. */
  sha256?: string | undefined;
  /** Why it is withheld. */
  decision?: ShieldDecision | undefined;
  /** Clients check structured results of such tools. */
  hasOutputSchema: boolean;
}

/** What people should know; names and texts in it are the server's. */
export type DefinitionNote =
  | { kind: 'pinned' | 'withheld'; tool: string }
  | { kind: 'changed' | 'accepted-change'; tool: string; changes: ReturnType<typeof changesOf> };

export interface ToolDefinitionsOptions {
  governor: Governor;
  client: MastGuardClient;
  pins: ToolPins;
  /** Under which the pins of the server are found. */
  server: string;
  metadata: () => Record<string, Json>;
  /** Changed definitions become the accepted ones. */
  acceptChanges: boolean;
  onNote: (note: DefinitionNote) => void;
  /** Asks the server for a page. */
  listPage: (params: Members | undefined, signal: AbortSignal) => Promise<RpcAnswer>;
}

/** The tools of a server: screened before a model reads of them, and compared with what was accepted. */
export interface ToolDefinitions {
  /** One page as the client may see it. */
  list: (params: Members | undefined, signal: AbortSignal) => Promise<RpcAnswer>;
  /**
   * Lists first where nothing has been listed, or the server says that something has changed. `meta` is sent along.
   * @throws UnlistableError
   */
  standing: (tool: string, meta: unknown) => Promise<ToolStanding>;
  /** The server says that its tools have changed. */
  outdate: () => void;
}

/** `decision`: the one that keeps the text from the model. Not `isCertain`: a fail mode let it pass. */
type Screening = { decision: ShieldDecision } | { isCertain: boolean };

interface Judgement {
  standing: ToolStanding;
  shown?: Members;
  /** To be accepted. */
  pin?: ToolPin;
}

const CHANGED_NOTE =
  'Note by MastGuard: the server has changed this tool since it was accepted. This is the accepted description. Calls are held for people to review.';
const MAX_PAGES = 1_000;
const AT_ONCE = 4;

export function createToolDefinitions({ governor, client, pins, server, metadata, acceptChanges, onNote, listPage }: ToolDefinitionsOptions): ToolDefinitions {
  const standings = new Map<string, ToolStanding>();
  /** What was decided about each part of a definition; not what a fail mode made of it. */
  const screened = new Map<string, { event: GovernedEvent; decision: ShieldDecision }>();
  let outdated = 0;
  const told = new Set<string>();
  /** Seen as new by this process, which goes on calling them so although they are pinned by now. */
  const newTools = new Set<string>();
  /** The last whole listing; undefined where one is due. */
  let listing: Promise<void> | undefined;
  /** Whether all that it had at first has been seen, so that what comes now is new. */
  let isKnown: boolean | undefined;

  const note = (entry: DefinitionNote, sha256 = ''): void => {
    const key = `${entry.kind} ${entry.tool} ${sha256}`;
    if (!told.has(key)) onNote(entry);
    told.add(key);
  };

  const screenPart = async (content: string, key: string, tool: string, signal: AbortSignal): Promise<ShieldDecision> => {
    const known = screened.get(key);
    if (known !== undefined) {
      if (await isApproved(client, known, signal)) known.decision = { ...known.decision, value: 'ALLOW' };
      return known.decision;
    }
    signal.throwIfAborted();
    // Heard out, whatever the client does meanwhile: it is for the next listing too.
    const about = { labels: ['mcp.tool-definition'], metadata: { ...metadata(), tool } };
    const decided = await governor.decide({ action: 'tools/list', channel: 'tool_result', trust: 'untrusted', content, ...about });
    if (decided.decision.source !== 'fail-mode') screened.set(key, decided);
    return decided.decision;
  };

  const screen = async ({ sha256, definition }: ToolPin, tool: string, signal: AbortSignal): Promise<Screening> => {
    let isCertain = true;
    for (const [index, content] of splitContent(textOf(definition)).entries()) {
      const decision = await screenPart(content, `${sha256} ${index}`, tool, signal);
      if (!letsPass(decision.value)) return { decision };
      if (decision.source === 'fail-mode') isCertain = false;
    }
    return { isCertain };
  };

  /** How a definition stands, and what the client is shown of it. */
  const judge = async (definition: Members, pinned: ReadonlyMap<string, ToolPin> | undefined, signal: AbortSignal): Promise<Judgement> => {
    const tool = String(definition['name']);
    const hasOutputSchema = isMembers(definition['outputSchema']);
    let pin: ToolPin;
    try {
      pin = pinOf(definition);
    } catch {
      note({ kind: 'withheld', tool });
      return { standing: { state: 'withheld', hasOutputSchema } };
    }
    const { sha256 } = pin;
    const accepted = pinned?.get(tool);
    if (accepted?.sha256 === sha256) return { standing: { state: 'accepted', sha256, hasOutputSchema }, shown: definition };
    const changes = accepted === undefined ? [] : changesOf(accepted.definition, definition);
    if (accepted !== undefined && !acceptChanges) {
      note({ kind: 'changed', tool, changes }, sha256);
      return { standing: { state: 'changed', sha256, hasOutputSchema: isMembers(accepted.definition['outputSchema']) }, shown: withNote(accepted.definition) };
    }
    const screening = await screen(pin, tool, signal);
    if ('decision' in screening) {
      note({ kind: 'withheld', tool }, sha256);
      return { standing: { state: 'withheld', sha256, decision: screening.decision, hasOutputSchema } };
    }
    const standing: ToolStanding = { state: isKnown === true && accepted === undefined ? 'new' : 'accepted', sha256, hasOutputSchema };
    // What nobody has looked at is not accepted for later.
    if (!screening.isCertain) return { standing, shown: definition };
    note(accepted === undefined ? { kind: 'pinned', tool } : { kind: 'accepted-change', tool, changes }, sha256);
    return { standing, shown: definition, pin };
  };

  /** `names`: of all that it has; undefined where it is no list. */
  const page = async (params: Members | undefined, signal: AbortSignal): Promise<{ answer: RpcAnswer; names?: string[] }> => {
    const answer = await listPage(params, signal);
    if ('error' in answer || !Array.isArray(answer.result['tools'])) return { answer };
    const pinned = await pins.read(server);
    isKnown ??= pinned !== undefined;
    const definitions = (answer.result['tools'] as unknown[]).filter((tool): tool is Members => isMembers(tool) && typeof tool['name'] === 'string');
    const judged = new Map<Members, Judgement>();
    await inParallel(definitions, AT_ONCE, async (definition) => judged.set(definition, await judge(definition, pinned, signal)));
    const accepted = new Map<string, ToolPin>();
    const shown: Members[] = [];
    for (const definition of definitions) {
      const tool = String(definition['name']);
      const { standing, shown: visible, pin } = judged.get(definition) ?? { standing: { state: 'withheld' as const, hasOutputSchema: false } };
      // Of two that share a name the first is the one that is called, as far as anybody can tell.
      if (accepted.has(tool) && accepted.get(tool)?.sha256 !== pin?.sha256) continue;
      if (standing.state === 'new') newTools.add(tool);
      standings.set(tool, newTools.has(tool) && standing.state === 'accepted' ? { ...standing, state: 'new' } : standing);
      if (pin !== undefined) accepted.set(tool, pin);
      if (visible !== undefined) shown.push(visible);
    }
    if (accepted.size > 0) await pins.write(server, accepted);
    if (answer.result['nextCursor'] === undefined) isKnown = true;
    return { answer: { result: { ...answer.result, tools: shown } }, names: definitions.map((definition) => String(definition['name'])) };
  };

  /** What a whole listing does not have, the server has taken out; unless it says meanwhile that its tools are others by now. */
  const keepOnly = (names: ReadonlySet<string>, since: number): void => {
    if (since !== outdated) return;
    for (const tool of standings.keys()) if (!names.has(tool)) standings.delete(tool);
  };

  const list: ToolDefinitions['list'] = async (params, signal) => {
    const since = outdated;
    const { answer, names } = await page(params, signal);
    // One page that is everything.
    if ('result' in answer && names !== undefined && answer.result['nextCursor'] === undefined && params?.['cursor'] === undefined) {
      keepOnly(new Set(names), since);
      if (since === outdated) listing ??= Promise.resolve();
    }
    return answer;
  };

  const listAll = async (meta: unknown): Promise<void> => {
    // Several calls may wait for it, so that it ends with none of them.
    const { signal } = new AbortController();
    const since = outdated;
    const seen = new Set<string>();
    let cursor: unknown;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const params = { ...(meta === undefined ? {} : { _meta: meta }), ...(cursor === undefined ? {} : { cursor }) };
      const { answer, names } = await page(Object.keys(params).length === 0 ? undefined : params, signal);
      if ('error' in answer) throw new UnlistableError(answer.error.message);
      // Nothing is known to be gone by an answer that is no list.
      if (names === undefined) return;
      for (const name of names) seen.add(name);
      cursor = answer.result['nextCursor'];
      if (cursor === undefined) return keepOnly(seen, since);
    }
  };

  const listed = (meta: unknown): Promise<void> => {
    const begun = listAll(meta);
    listing = begun;
    begun.catch(() => {
      if (listing === begun) listing = undefined;
    });
    return begun;
  };

  return {
    list,
    async standing(tool, meta) {
      const known = listing;
      await (known ?? listed(meta));
      const standing = standings.get(tool);
      // Listed since, or allowed since, perhaps.
      if (known !== undefined && (standing === undefined || standing.state === 'withheld')) await listed(meta);
      return standings.get(tool) ?? { state: 'unlisted', hasOutputSchema: false };
    },
    outdate() {
      outdated += 1;
      listing = undefined;
    },
  };
}

/** The server does not say which tools it has, so that nothing can be compared. */
export class UnlistableError extends Error {}

const withNote = (definition: Members): Members => ({
  ...definition,
  description: [definition['description'], CHANGED_NOTE].filter((text) => typeof text === 'string').join('\n\n'),
});

/** Everything of a definition that a model may read. */
function textOf({ name, title, description, ...others }: Members): string {
  return [name, title, description, canonicalize(others as JsonValue)].filter((text) => typeof text === 'string').join('\n');
}

/** Whether people have allowed a text that was held; their approval is used up by it. */
async function isApproved(
  client: MastGuardClient,
  { event, decision }: { event: GovernedEvent; decision: ShieldDecision },
  signal: AbortSignal,
): Promise<boolean> {
  if (decision.value !== 'HITL' || decision.review === undefined) return false;
  try {
    await awaitReview(client, { event, decision }, { timeoutMs: 0, signal });
    return true;
  } catch (error) {
    if (error instanceof MastGuardBlockedError) return false;
    throw error;
  }
}
