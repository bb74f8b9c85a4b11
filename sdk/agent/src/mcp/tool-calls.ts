import { createBoundedMap } from '../../../../core/bounded-map.ts';
import { inParallel } from '../../../../core/in-parallel.ts';
import { canonicalize } from '../../../../core/json/canonical.ts';
import type { Json as JsonValue } from '../../../../schemas/json.ts';
import type { Json } from '../../../compliance/src/api-types.ts';
import { type EventDraft, letsPass } from '../decision.ts';
import type { Governor } from '../governor.ts';
import type { Permit } from '../permit.ts';
import { sha256Hex } from '../sha256-hex.ts';
import { splitContent } from '../split-content.ts';
import { type Denial, denialOf, denied, pending, withheld } from './answers.ts';
import { fitArguments } from '../fit-arguments.ts';
import type { Held, HeldOperations, OperationControl } from './held-operations.ts';
import { isMembers, type Members, type RpcAnswer, RPC_CODES, type RpcRequest } from './json-rpc.ts';
import { type Decided, type HeldPermits, isHeld } from './held-permits.ts';
import { comeBack, isModern, isOwnState, resultType } from './protocol-era.ts';
import { resultText } from './result-text.ts';
import { type ToolDefinitions, type ToolStanding, UnlistableError } from './tool-definitions.ts';
import type { UpstreamRequests } from './upstream-requests.ts';

export interface ToolCallsOptions {
  governor: Governor;
  permits: HeldPermits;
  definitions: ToolDefinitions;
  operations: HeldOperations<RpcAnswer>;
  upstream: UpstreamRequests;
  metadata: () => Record<string, Json>;
}

/** Governed requests. `onWaiting` is told while people are waited for. */
export interface ToolCalls {
  call: (request: RpcRequest, signal: AbortSignal, onWaiting: (held: Held, elapsedMs: number) => void) => Promise<RpcAnswer>;
  /** The result of a call that runs as a task. */
  taskResult: (request: RpcRequest, signal: AbortSignal, onWaiting: (held: Held, elapsedMs: number) => void) => Promise<RpcAnswer>;
}

type Arguments = Record<string, Json>;

const STATE_LABELS: Readonly<Record<string, string[]>> = { new: ['mcp.tool-new'], changed: ['mcp.tool-changed'], unlisted: ['mcp.tool-unlisted'] };
const CHANGED: Denial = {
  reason:
    'The server has changed this tool since it was accepted. Nothing but an approval of this call lets it pass, and no rule asks people about calls with the label mcp.tool-changed; ' +
    'or somebody accepts the change with `mastguard mcp-proxy --accept-changes`.',
  retryable: false,
};
const MOVED: Denial = { reason: 'The server has changed this tool while the call waited.', retryable: true };
const NOT_JSON: Denial = { reason: 'It is no I-JSON (RFC 7493).', retryable: false };
const TOO_LARGE: Denial = { reason: 'Its arguments are larger than an event may be.', retryable: false };
/** Tasks whose result will be asked for, and calls that go on with what the client adds; as many as are remembered. */
const MAX_REMEMBERED = 10_000;
/** Parts of a long text that are asked about at once. */
const AT_ONCE = 4;

export function createToolCalls({ governor, permits, definitions, operations, upstream, metadata }: ToolCallsOptions): ToolCalls {
  const toolOfTask = createBoundedMap<string>(MAX_REMEMBERED);
  /** Calls that were permitted and that the server wants to see again, with more input; the tool of each. */
  const toContinue = createBoundedMap<string>(MAX_REMEMBERED);

  const governText = async (
    control: OperationControl,
    tool: string,
    texts: readonly string[],
    channel: 'tool_args' | 'tool_result',
  ): Promise<Denial | undefined> => {
    // The action is not the tool's name: a rule that asks people about the call must not ask them about its answer again.
    const named = channel === 'tool_result' ? { tool: { name: tool } } : {};
    const about = { action: 'tools/call', channel, trust: 'untrusted', ...named, metadata: { ...metadata(), tool } } as const;
    const undone = new Set<Decided>();
    const parts = texts.flatMap((text) => splitContent(text));
    try {
      await inParallel(parts, AT_ONCE, async (content) => undone.add(await permits.decide(control, { ...about, content })));
      // Nobody is asked about one part where another is blocked already.
      const blocked = [...undone].find(({ decision }) => !letsPass(decision.value) && !isHeld(decision));
      for (const one of blocked === undefined ? [...undone] : [blocked]) {
        undone.delete(one);
        const permission = await permits.permit(control, one);
        if ('denial' in permission) return permission.denial;
      }
      return undefined;
    } finally {
      for (const one of undone) permits.withdraw(one);
    }
  };

  const permitCall = async (
    control: OperationControl,
    tool: string,
    args: Arguments,
    params: Members,
  ): Promise<{ denial: Denial } | { permit: Permit; args: Arguments; standing: ToolStanding }> => {
    const standing = await definitions.standing(tool, params['_meta']);
    if (standing.state === 'withheld') {
      const why = standing.decision === undefined ? NOT_JSON : denialOf(standing.decision);
      return { denial: { ...why, reason: `The description of the tool has not passed. ${why.reason}` } };
    }
    const fitted = fitArguments(args);
    if (fitted === undefined) return { denial: TOO_LARGE };
    const fault = await governText(control, tool, fitted.texts, 'tool_args');
    if (fault !== undefined) return { denial: fault };
    const labels = STATE_LABELS[standing.state];
    const draft: EventDraft = { action: tool, tool: { name: tool, args: fitted.args }, metadata: metadata(), ...(labels === undefined ? {} : { labels }) };
    const permission = await permits.permit(control, await permits.decide(control, draft));
    if ('denial' in permission) return permission;
    if (!permission.wasHeld && standing.state === 'changed') return { denial: { ...CHANGED, eventId: permission.permit.event.id } };
    // People may have taken hours, and they approved the tool as it was.
    if (permission.wasHeld && hasMoved(standing, await definitions.standing(tool, params['_meta']))) return { denial: MOVED };
    const changed = permission.permit.args;
    return { permit: permission.permit, args: changed === undefined ? args : fitted.restore(changed), standing };
  };

  const governAnswer = async (control: OperationControl, tool: string, answer: RpcAnswer, key: string, params: Members): Promise<RpcAnswer> => {
    if ('result' in answer) {
      const { result } = answer;
      if (isMembers(result['task']) && typeof result['task']['taskId'] === 'string') toolOfTask.set(result['task']['taskId'], tool);
      if (result['resultType'] === 'input_required') toContinue.set(continuation(key, result['requestState']), tool);
    }
    const text = resultText(answer);
    const denial = text === '' ? undefined : await governText(control, tool, [text], 'tool_result');
    return denial === undefined ? answer : { result: { ...withheld(denial), ...resultType(params) } };
  };

  const attended = async (
    key: string,
    request: RpcRequest,
    signal: AbortSignal,
    onWaiting: (held: Held, elapsedMs: number) => void,
    run: (control: OperationControl) => Promise<RpcAnswer>,
  ): Promise<RpcAnswer> => {
    const settled = await operations.attend(key, run, { signal, onWaiting });
    if ('outcome' in settled) return settled.outcome;
    const { params } = request;
    const later = comeBack(params, settled.pending.reviewId);
    if (later !== undefined) return { result: later };
    const hasSchema = typeof params?.['name'] === 'string' && (await definitions.standing(params['name'], params['_meta'])).hasOutputSchema;
    return { result: { ...pending(settled.pending, { asError: hasSchema }), ...resultType(params) } };
  };

  return {
    async call(request, signal, onWaiting) {
      const { requestState, ...others } = request.params ?? {};
      const { name: tool, arguments: asked } = others;
      if (typeof tool !== 'string' || (asked !== undefined && !isMembers(asked))) {
        return { error: { code: RPC_CODES.invalidParams, message: 'tools/call needs a name, and arguments that are an object' } };
      }
      const args: Arguments = asked ?? {};
      const params = { ...others, ...(requestState === undefined || isOwnState(requestState) ? {} : { requestState }) };
      let key: string;
      try {
        key = sha256Hex(canonicalize({ tool, args } as JsonValue));
      } catch {
        return { result: { ...denied(NOT_JSON), ...resultType(params) } };
      }
      const again = continuation(key, params['requestState']);
      const goesOn = isModern(params) && toContinue.get(again) !== undefined;
      // Once: what the server asks for next, it asks for again.
      toContinue.delete(again);
      return attended(goesOn ? `${key} ${request.id}` : key, request, signal, onWaiting, async (control) => {
        if (goesOn) {
          control.release();
          return governAnswer(control, tool, await upstream.send('tools/call', params, control.signal), key, params);
        }
        const permission = await orUnlistable(permitCall(control, tool, args, params));
        control.release();
        if ('error' in permission) return permission;
        if ('denial' in permission) return { result: { ...denied(permission.denial), ...resultType(params) } };
        const { permit } = permission;
        const answer = await upstream.send(
          'tools/call',
          { ...params, ...(asked === undefined && permit.args === undefined ? {} : { arguments: permission.args }) },
          control.signal,
        );
        if (permit.decision.attestation !== undefined) governor.reportOutcome(permit.decision, outcomeOf(answer));
        return governAnswer(control, tool, answer, key, params);
      });
    },
    async taskResult(request, signal, onWaiting) {
      const taskId = String(request.params?.['taskId']);
      return attended(`task ${taskId}`, request, signal, onWaiting, async (control) => {
        control.release();
        const answer = await upstream.send('tasks/result', request.params, control.signal);
        return governAnswer(control, toolOfTask.get(taskId) ?? 'tasks/result', answer, taskId, request.params ?? {});
      });
    },
  };
}

/** Another definition; or the same one, which others have replaced as the accepted one, or which has not passed, meanwhile. */
const hasMoved = (before: ToolStanding, now: ToolStanding): boolean =>
  now.sha256 !== before.sha256 || (now.state !== before.state && (now.state === 'changed' || now.state === 'withheld'));

const continuation = (key: string, state: unknown): string => `${key} ${typeof state === 'string' ? state : ''}`;

function outcomeOf(answer: RpcAnswer): 'executed' | 'failed' | 'unknown' {
  if ('error' in answer) return answer.error.code === RPC_CODES.connectionClosed ? 'unknown' : 'failed';
  return answer.result['isError'] === true ? 'failed' : 'executed';
}

async function orUnlistable<Value>(permission: Promise<Value>): Promise<Value | Extract<RpcAnswer, { error: unknown }>> {
  try {
    return await permission;
  } catch (error) {
    if (!(error instanceof UnlistableError)) throw error;
    return { error: { code: RPC_CODES.internalError, message: `MastGuard has not let this call pass: the server does not list its tools (${error.message})` } };
  }
}
