import { canonicalize } from '../../../../core/json/canonical.ts';
import { inParallel } from '../../../../core/in-parallel.ts';
import type { Json as JsonValue } from '../../../../schemas/json.ts';
import type { Json } from '../../../compliance/src/api-types.ts';
import type { MastGuardClient } from '../../../compliance/src/client.ts';
import { awaitReview } from '../await-review.ts';
import { MastGuardBlockedError } from '../blocked-error.ts';
import { type EventDraft, type GovernedEvent, letsPass, type ShieldDecision } from '../decision.ts';
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

const CHANGED_NOTE =
  'Note by MastGuard: the server has changed this tool since it was accepted. This is the accepted description. Calls are held for people to review.';
const MAX_PAGES = 1_000;
const AT_ONCE = 4;

export function createToolDefinitions({ governor, client, pins, server, metadata, acceptChanges, onNote, listPage }: ToolDefinitionsOptions): ToolDefinitions {
  const standings = new Map<string, ToolStanding>();
  /** What was decided about a text, by its digest; only what the server decided. */
  const screened = new Map<string, { event: GovernedEvent; decision: ShieldDecision }>();
  const told = new Set<string>();
  /** The last whole listing; undefined where one is due. */
  let listing: Promise<void> | undefined;
  /** Whether all that it had at first has been seen, so that what comes now is new. */
  let isKnown: boolean | undefined;

  const note = (pin: ToolPin, entry: DefinitionNote): void => {
    const key = `${entry.kind} ${pin.sha256}`;
    if (!told.has(key)) onNote(entry);
    told.add(key);
  };

  /** The decision that keeps the text from the model; undefined where it may be read. */
  const screen = async ({ sha256, definition }: ToolPin, tool: string, signal: AbortSignal): Promise<ShieldDecision | undefined> => {
    const known = screened.get(sha256);
    if (known !== undefined) {
      if (letsPass(known.decision.value) || (await isApproved(client, known, signal))) return undefined;
      return known.decision;
    }
    for (const content of splitContent(textOf(definition))) {
      const draft: EventDraft = {
        action: 'tools/list',
        channel: 'tool_result',
        trust: 'untrusted',
        content,
        labels: ['mcp.tool-definition'],
        metadata: { ...metadata(), tool },
      };
      const decided = await governor.decide(draft, { signal });
      if (letsPass(decided.decision.value)) continue;
      if (decided.decision.source === 'server') screened.set(sha256, decided);
      return decided.decision;
    }
    return undefined;
  };

  /** How a definition stands, and what the client is shown of it. */
  const judge = async (
    definition: Members,
    pinned: ReadonlyMap<string, ToolPin> | undefined,
    signal: AbortSignal,
  ): Promise<{ standing: ToolStanding; shown?: Members; pin?: ToolPin }> => {
    const tool = String(definition['name']);
    const pin = pinOf(definition);
    const accepted = pinned?.get(tool);
    const hasOutputSchema = isMembers(definition['outputSchema']);
    if (accepted?.sha256 === pin.sha256) return { standing: { state: 'accepted', hasOutputSchema }, shown: definition };
    if (accepted !== undefined) {
      const changes = changesOf(accepted.definition, definition);
      if (!acceptChanges) {
        note(pin, { kind: 'changed', tool, changes });
        const { description } = accepted.definition;
        const shown: Members = { ...accepted.definition, description: [description, CHANGED_NOTE].filter((text) => typeof text === 'string').join('\n\n') };
        return { standing: { state: 'changed', hasOutputSchema: isMembers(shown['outputSchema']) }, shown };
      }
      const decision = await screen(pin, tool, signal);
      if (decision === undefined) {
        note(pin, { kind: 'accepted-change', tool, changes });
        return { standing: { state: 'accepted', hasOutputSchema }, shown: definition, pin };
      }
      note(pin, { kind: 'withheld', tool });
      return { standing: { state: 'withheld', decision, hasOutputSchema } };
    }
    const decision = await screen(pin, tool, signal);
    note(pin, { kind: decision === undefined ? 'pinned' : 'withheld', tool });
    if (decision !== undefined) return { standing: { state: 'withheld', decision, hasOutputSchema } };
    return { standing: { state: isKnown === true ? 'new' : 'accepted', hasOutputSchema }, shown: definition, pin };
  };

  const list: ToolDefinitions['list'] = async (params, signal) => {
    const answer = await listPage(params, signal);
    if ('error' in answer || !Array.isArray(answer.result['tools'])) return answer;
    const pinned = await pins.read(server);
    isKnown ??= pinned !== undefined;
    const definitions = (answer.result['tools'] as unknown[]).filter((tool): tool is Members => isMembers(tool) && typeof tool['name'] === 'string');
    const judged = new Map<Members, Awaited<ReturnType<typeof judge>>>();
    await inParallel(definitions, AT_ONCE, async (definition) => judged.set(definition, await judge(definition, pinned, signal)));
    const accepted = new Map<string, ToolPin>();
    const shown: Members[] = [];
    for (const definition of definitions) {
      const tool = String(definition['name']);
      const { standing, shown: visible, pin } = judged.get(definition) ?? { standing: { state: 'withheld' as const, hasOutputSchema: false } };
      // Of two that share a name the first is the one that is called, as far as anybody can tell.
      if (accepted.has(tool) && accepted.get(tool)?.sha256 !== pin?.sha256) continue;
      // A process that has seen a tool as new goes on calling it so, although it is pinned by now.
      const wasNew = standings.get(tool)?.state === 'new' && standing.state === 'accepted';
      standings.set(tool, wasNew ? { ...standing, state: 'new' } : standing);
      if (pin !== undefined) accepted.set(tool, pin);
      if (visible !== undefined) shown.push(visible);
    }
    if (accepted.size > 0) await pins.write(server, accepted);
    if (answer.result['nextCursor'] === undefined) {
      isKnown = true;
      // One page that is everything.
      if (params?.['cursor'] === undefined) listing ??= Promise.resolve();
    }
    return { result: { ...answer.result, tools: shown } };
  };

  const listAll = async (meta: unknown): Promise<void> => {
    // Several calls may wait for it, so that it ends with none of them.
    const { signal } = new AbortController();
    let cursor: unknown;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const params = { ...(meta === undefined ? {} : { _meta: meta }), ...(cursor === undefined ? {} : { cursor }) };
      const answer = await list(Object.keys(params).length === 0 ? undefined : params, signal);
      if ('error' in answer) throw new UnlistableError(answer.error.message);
      cursor = answer.result['nextCursor'];
      if (cursor === undefined) return;
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
      listing = undefined;
    },
  };
}

/** The server does not say which tools it has, so that nothing can be compared. */
export class UnlistableError extends Error {}

/** Everything of a definition that a model may read. */
function textOf({ name, title, description, ...others }: Members): string {
  return [name, title, description, canonicalize(others as JsonValue)].filter((text) => typeof text === 'string').join('\n');
}

/** Whether people have allowed a text that was held; their approval is used up by it. */
async function isApproved(client: MastGuardClient, held: { event: GovernedEvent; decision: ShieldDecision }, signal: AbortSignal): Promise<boolean> {
  if (held.decision.value !== 'HITL' || held.decision.review === undefined) return false;
  try {
    await awaitReview(client, held, { timeoutMs: 0, signal });
  } catch (error) {
    if (error instanceof MastGuardBlockedError) return false;
    throw error;
  }
  held.decision = { ...held.decision, value: 'ALLOW' };
  return true;
}
