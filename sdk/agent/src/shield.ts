import type { Json } from '../../compliance/src/api-types.ts';
import { MastGuardBlockedError } from './blocked-error.ts';
import type { EventDraft } from './decision.ts';
import { createGovernor, type Governor, type PermitOptions } from './governor.ts';
import { jsonOf, toArguments } from './json-of.ts';
import { permitToolCall } from './long-call.ts';
import type { Permit } from './permit.ts';
import type { ShieldOptions } from './shield-options.ts';
import { reportingOutcome } from './reporting-outcome.ts';
import { RESULT_ACTION } from './result-action.ts';
import { splitContent } from './split-content.ts';

/** With `governor`, the other options are not looked at. */
export type GovernorOptions = ShieldOptions & { governor?: Governor | undefined };

export interface ProtectOptions<Args extends unknown[]> {
  /** What the action is called. Default: the name of the function. */
  name?: string | undefined;
  /** More of the event, such as `resource`, `intent`, `labels` or the `labels` of the tool. */
  event?: Partial<EventDraft> | ((...args: Args) => Partial<EventDraft>) | undefined;
  /** The arguments as they are governed. Default: the one object it is called with, or `{ "0": …, "1": … }`. */
  toArgs?: ((...args: Args) => Record<string, Json>) | undefined;
  /** The other way round, for arguments that a reviewer has changed; needed beside `toArgs`. */
  fromArgs?: ((changed: Record<string, Json>, ...args: Args) => Args) | undefined;
  /** What it returns is judged as text from outside before the caller has it, or recorded afterwards, or nothing. Default: `govern`. */
  result?: 'govern' | 'observe' | 'ignore' | undefined;
  /** Ends the wait for a decision. */
  signal?: ((...args: Args) => AbortSignal | undefined) | undefined;
}

/**
 * Governs any function or tool.
 * @example const refund = new MastGuardShield({ apiKey }).protect(issueRefund, { name: 'issue_refund' })
 */
export class MastGuardShield {
  /** What stands behind it, to be shared with wrapped clients and integrations. */
  readonly governor: Governor;

  constructor(options: GovernorOptions = {}) {
    this.governor = options.governor ?? createGovernor(options);
  }

  /**
   * The same function, governed: it runs when, and as often as, it is allowed. A function that was synchronous answers a promise.
   * @throws MastGuardBlockedError instead of running it, or of giving its result away
   */
  protect<Args extends unknown[], Result>(run: (...args: Args) => Result, options: ProtectOptions<Args> = {}): (...args: Args) => Promise<Awaited<Result>> {
    const { governor } = this;
    const name = options.name ?? run.name;
    if (name === '') throw new TypeError('a function without a name needs the option `name`');
    return async function (this: unknown, ...args: Args): Promise<Awaited<Result>> {
      const more = typeof options.event === 'function' ? options.event(...args) : options.event;
      const asked = (options.toArgs ?? toArguments)(...args);
      const draft = { action: name, ...more, tool: { name, args: asked, ...more?.tool } };
      const permit = await permitToolCall(governor, draft, { signal: options.signal?.(...args) });
      const given = permit.args === undefined ? args : changedArguments(permit, options, args);
      const result = await reportingOutcome(governor, permit.decision, () => run.apply(this, given));
      await governResult(governor, permit, result, options.result ?? 'govern');
      return result;
    };
  }

  /** Asks for leave to do something. @throws MastGuardBlockedError */
  permit(draft: EventDraft, options?: PermitOptions): Promise<Permit> {
    return this.governor.permit(draft, options);
  }

  /** Records what has happened already. */
  observe(draft: EventDraft): void {
    this.governor.observe(draft);
  }

  /** Call it before the process ends. */
  flush(options?: { timeoutMs?: number | undefined }): Promise<{ waiting: number }> {
    return this.governor.flush(options);
  }
}

/** An approval of other arguments is no approval of these. */
function changedArguments<Args extends unknown[]>(permit: Permit, { toArgs, fromArgs }: ProtectOptions<Args>, args: Args): Args {
  const changed = permit.args ?? {};
  if (fromArgs !== undefined) return fromArgs(changed, ...args);
  if (toArgs === undefined) return (isPlainObject(args[0]) && args.length === 1 ? [changed] : args.map((_, index) => changed[index])) as Args;
  throw new MastGuardBlockedError({
    ...permit.decision,
    value: 'BLOCK',
    reasons: ['The reviewers changed the arguments, and there is no `fromArgs` to use them.'],
  });
}

async function governResult(governor: Governor, { event }: Permit, result: unknown, mode: 'govern' | 'observe' | 'ignore'): Promise<void> {
  const text = typeof result === 'string' ? result : JSON.stringify(jsonOf(result));
  if (mode === 'ignore' || text === undefined || text === '') return;
  const tool = { name: event.tool?.name ?? event.action };
  const drafts = splitContent(text).map((content): EventDraft => ({ action: RESULT_ACTION, channel: 'tool_result', trust: 'untrusted', tool, content }));
  if (mode === 'govern') await Promise.all(drafts.map((draft) => governor.permit({ agentId: event.agentId, sessionId: event.sessionId, ...draft })));
  else for (const draft of drafts) governor.observe({ agentId: event.agentId, sessionId: event.sessionId, ...draft });
}

const isPlainObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
