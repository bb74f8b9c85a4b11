import { type EventDraft, letsPass, type ShieldDecision } from '../decision.ts';
import type { Governor } from '../governor.ts';
import { longCall } from '../long-call.ts';
import type { Permit } from '../permit.ts';
import { sha256Hex } from '../sha256-hex.ts';
import type { GovernorOptions } from '../shield.ts';
import { settleAll } from '../wrap/permit-all.ts';
import { permitInput } from './conversation.ts';
import { denialOf } from './denial.ts';
import { governorOf } from './governor-of.ts';
import { publicId } from './public-id.ts';
import { denialFrom, draftOfCall, draftsOfResult, textOfResult } from './tool-gate.ts';

/** What is used of the inputs of the Claude Agent SDK's hooks; theirs fit into this. */
export interface HookInput {
  hook_event_name: string;
  session_id: string;
  prompt?: unknown;
  tool_name?: unknown;
  tool_input?: unknown;
  tool_use_id?: unknown;
  tool_response?: unknown;
}

export interface PreToolUseOutput {
  hookSpecificOutput?: {
    hookEventName: 'PreToolUse';
    permissionDecision: 'allow' | 'deny' | 'ask' | 'defer';
    permissionDecisionReason?: string;
    updatedInput?: Record<string, unknown>;
  };
}

export interface UserPromptSubmitOutput {
  decision?: 'block';
  reason?: string;
}

interface Matcher<Output> {
  hooks: [(input: HookInput, toolUseId: string | undefined, options: { signal: AbortSignal }) => Promise<Output>];
  /** Seconds. */
  timeout: number;
  onFailure?: 'continue' | 'block';
}

export interface MastGuardHooks {
  UserPromptSubmit: [Matcher<UserPromptSubmitOutput>];
  PreToolUse: [Matcher<PreToolUseOutput>];
  PostToolUse: [Matcher<Record<string, never>>];
}

export type ClaudeHooksOptions = GovernorOptions & {
  /**
   * What ALLOW means for a tool. `continue`: the permission rules of the SDK still apply, and may ask its user. `allow`: its user is not asked. Default:
   * `continue`.
   */
  onAllow?: 'continue' | 'allow' | undefined;
  /**
   * What HITL means for a tool. `wait`: the call waits for MastGuard's reviewers. `defer`: the run ends; resume it after `hitl.decided`, and the same
   * call uses what they decided (one call in the turn, in runs without a terminal). `ask`: the user of the SDK decides, and MastGuard's review stays open. `deny`: the
   * model is told. Default: `wait`, or `deny` with `onReview: 'throw'`.
   */
  review?: 'wait' | 'defer' | 'ask' | 'deny' | undefined;
  /**
   * What the SDK does should a hook fail all the same: with `block` the action does not go ahead, and versions of Claude Code that do not know the setting do
   * not start. Default: the SDK's, which goes ahead.
   */
  onFailure?: 'continue' | 'block' | undefined;
  /** Of the hooks; what takes longer is not decided by us. Default: well above all that is waited for. */
  hookTimeoutSeconds?: number | undefined;
};

const DEADLINE_MS = 5_000;
const REVIEW_TIMEOUT_MS = 300_000;
/** Beyond what is waited for: old versions let a tool run whose hook was not done in time. */
const MARGIN_SECONDS = 60;

/**
 * Hooks for the Claude Agent SDK: prompts are governed before the model reads them, every call of a tool before it runs, and results are recorded. The
 * session is the SDK's unless the options say another.
 * @example query({ prompt, options: { hooks: mastguardHooks({ apiKey }) } })
 */
export function mastguardHooks(options: ClaudeHooksOptions): MastGuardHooks {
  const governor = governorOf(options);
  const { deadlineMs = DEADLINE_MS, reviewTimeoutMs = REVIEW_TIMEOUT_MS } = options;
  const timeout = options.hookTimeoutSeconds ?? Math.ceil((2 * deadlineMs + reviewTimeoutMs) / 1_000) + MARGIN_SECONDS;
  const gate = { timeout, ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }) };
  const sessionOf = ({ session_id: id }: HookInput): Partial<EventDraft> => (options.sessionId === undefined ? { sessionId: publicId(id) } : {});

  /** A hook that throws does not stop anything: what cannot be asked about is refused. */
  const orRefused = async <Output>(ask: () => Promise<Output>, refuse: (reason: string) => Output): Promise<Output> => {
    try {
      return await ask();
    } catch (error) {
      try {
        return refuse(textOfResult(denialFrom(error)));
      } catch (fault) {
        options.onFault?.(fault);
        return refuse('MastGuard could not be asked.');
      }
    }
  };

  return {
    UserPromptSubmit: [
      {
        ...gate,
        hooks: [
          (input, _id, { signal }) =>
            orRefused<UserPromptSubmitOutput>(
              async () => {
                const draft = { ...sessionOf(input), action: 'chat', metadata: { provider: 'anthropic' } };
                await permitInput(governor, [{ role: 'user', text: textOfResult(input.prompt) }], draft, { signal });
                return {};
              },
              (reason) => ({ decision: 'block', reason }),
            ),
        ],
      },
    ],
    PreToolUse: [
      {
        ...gate,
        hooks: [
          (input, _id, { signal }) =>
            orRefused(
              () => beforeTool(governor, input, { ...options, draft: sessionOf(input), signal }),
              (reason) => permission('deny', { reason }),
            ),
        ],
      },
    ],
    PostToolUse: [
      {
        timeout: MARGIN_SECONDS,
        hooks: [
          async (input) => {
            const { name, callId } = callOf(input);
            for (const draft of draftsOfResult({ name, callId, draft: sessionOf(input) }, input.tool_response)) governor.observe(draft);
            return {};
          },
        ],
      },
    ],
  };
}

interface BeforeToolOptions extends Pick<ClaudeHooksOptions, 'onAllow' | 'review' | 'onReview'> {
  draft: Partial<EventDraft>;
  signal: AbortSignal;
}

/** @throws MastGuardBlockedError */
async function beforeTool(governor: Governor, input: HookInput, { onAllow, onReview, draft, signal, ...given }: BeforeToolOptions): Promise<PreToolUseOutput> {
  const { review = onReview === 'throw' ? 'deny' : 'wait' } = given;
  const call = callOf(input);
  // The call of a resumed run is the same event, so that it finds the review it has waited for.
  const named = review === 'defer' && call.callId !== undefined ? { id: `evt_${sha256Hex(`${input.session_id}\n${call.callId}`).slice(0, 40)}` } : {};
  const asking = { ...draftOfCall({ ...call, draft }), ...named };
  const long = longCall(asking);
  const decided = await Promise.all((long?.drafts ?? [asking]).map((each) => governor.decide(each, { signal })));
  const held = decided.map(({ decision }) => decision).filter(({ value }) => !letsPass(value));
  const [decision] = held;
  if (decision === undefined) return onAllow === 'allow' ? permission('allow', {}) : {};
  const refused = review === 'deny' ? decision : held.find((each) => each.value !== 'HITL' || each.review === undefined);
  const reason = textOfResult(denialOf(refused ?? decision));
  if (refused !== undefined) return permission('deny', { reason });
  if (review === 'ask') return permission('ask', { reason });
  if (review === 'defer' && (await isAnyPending(governor, held, signal))) return permission('defer', { reason });
  const [{ args }] = (await settleAll(governor, decided, signal)) as [Permit];
  // People have allowed it: nobody else is asked.
  return permission('allow', args === undefined ? {} : { updatedInput: long?.restore(args) ?? args });
}

const isAnyPending = async (governor: Governor, decisions: readonly ShieldDecision[], signal: AbortSignal): Promise<boolean> =>
  (await Promise.all(decisions.map((decision) => governor.isPending(decision, { signal })))).includes(true);

const callOf = ({ tool_name: name, tool_input: args, tool_use_id: callId }: HookInput): { name: string; args: unknown; callId: string | undefined } => ({
  name: String(name),
  args,
  callId: typeof callId === 'string' ? callId : undefined,
});

const permission = (
  permissionDecision: 'allow' | 'deny' | 'ask' | 'defer',
  { reason, updatedInput }: { reason?: string; updatedInput?: Record<string, unknown> },
): PreToolUseOutput => ({
  hookSpecificOutput: {
    hookEventName: 'PreToolUse',
    permissionDecision,
    ...(reason === undefined ? {} : { permissionDecisionReason: reason }),
    ...(updatedInput === undefined ? {} : { updatedInput }),
  },
});
