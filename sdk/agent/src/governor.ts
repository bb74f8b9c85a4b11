import type { ReportedOutcome } from '../../compliance/src/api-types.ts';
import { MastGuardClient } from '../../compliance/src/client.ts';
import { environmentVariable } from '../../compliance/src/environment.ts';
import { askServer } from './ask-server.ts';
import { awaitReview } from './await-review.ts';
import { MastGuardBlockedError } from './blocked-error.ts';
import { type Decide, type EventDraft, type GovernedEvent, letsPass, type ShieldDecision } from './decision.ts';
import { decideLocally } from './decide-locally.ts';
import { createEventNaming } from './event-naming.ts';
import { failModeDecision } from './fail-mode.ts';
import { type Outbox, outboxOf } from './outbox.ts';
import type { Permit } from './permit.ts';
import { settledWithin } from './settled-within.ts';
import type { OnUnavailable, ShieldOptions } from './shield-options.ts';
import { unavailableCause } from './unavailable.ts';

export interface PermitOptions {
  /** Ends the wait; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Asks about events, and keeps what was answered. One stands behind every wrapped client, shield and integration. */
export interface Governor {
  /** The event a draft becomes. */
  name: (draft: EventDraft) => GovernedEvent;
  /** Decides; whatever the value is, the promise fulfils. Rejects where the question is wrong, such as with a key that is not known. */
  decide: (draft: EventDraft, options?: PermitOptions) => Promise<{ event: GovernedEvent; decision: ShieldDecision }>;
  /**
   * Resolves when the action may be done, an approval used up where people had to be asked.
   * @throws MastGuardBlockedError where it may not
   */
  permit: (draft: EventDraft, options?: PermitOptions) => Promise<Permit>;
  /**
   * The second half of `permit`, for what `decide` has answered.
   * @throws MastGuardBlockedError where it may not be done
   */
  settle: (decided: { event: GovernedEvent; decision: ShieldDecision }, options?: PermitOptions) => Promise<Permit>;
  /** Whether reviewers still have to decide, asked without waiting. */
  isPending: (decision: ShieldDecision, options?: PermitOptions) => Promise<boolean>;
  /** What detectors and policy of this process say; at once, and recorded nowhere. For text that is held back while it streams. */
  check: (draft: EventDraft) => ShieldDecision;
  /** Records what has happened already. Delivered in the background, in order, until it has arrived. */
  observe: (draft: EventDraft) => void;
  /** Tells how an action went, where its rule asks for it. In the background. */
  reportOutcome: (decision: ShieldDecision, outcome: ReportedOutcome) => void;
  /** Resolves when all that waits has been delivered, or the time is over; how many still wait. */
  flush: (options?: { timeoutMs?: number | undefined }) => Promise<{ waiting: number }>;
}

/** Where something else can decide, that is better than waiting; where the action would be refused, waiting is better. */
const DEADLINE_MS: Readonly<Record<OnUnavailable, number>> = { allow: 800, 'local-policy': 800, block: 5_000 };
const REVIEW_TIMEOUT_MS = 300_000;
const FLUSH_MS = 10_000;

export function createGovernor(options: ShieldOptions): Governor {
  const { onUnavailable = 'block', deadlineMs = DEADLINE_MS[onUnavailable], onReview = 'wait', reviewTimeoutMs = REVIEW_TIMEOUT_MS } = options;
  const { client, destination } = clientOf(options);
  const name = createEventNaming(options);
  const local = decideLocally(options);
  const checked = decideLocally({ policy: options.policy, profile: options.profile });
  const outbox: Outbox | undefined = client === undefined ? undefined : outboxOf({ client, destination, store: options.buffer, onFault: options.onFault });
  /** Of how actions went; under way. */
  const reports = new Set<Promise<void>>();

  /** Told afterwards is what the server has not decided itself. */
  const settled = (event: GovernedEvent, decision: ShieldDecision): ShieldDecision => {
    options.audit?.record(event, decision);
    options.onDecision?.(decision, event);
    return decision;
  };

  const ask: Decide = async (event, { signal }) => {
    if (options.decide !== undefined) {
      const decision = await options.decide(event, { signal });
      if (decision.source !== 'server') outbox?.add({ event: { occurredAt: new Date().toISOString(), ...event } });
      return decision;
    }
    if (client === undefined) throw new Error('no client');
    try {
      return await askServer(client, event, { deadlineMs, signal });
    } catch (error) {
      signal?.throwIfAborted();
      const cause = unavailableCause(error);
      if (cause === undefined) throw error;
      const decision = onUnavailable === 'local-policy' ? { ...local(event), source: 'fail-mode' as const } : failModeDecision(event, onUnavailable, cause);
      outbox?.add({ event, failMode: { mode: onUnavailable, value: decision.value, cause, decidedAt: new Date().toISOString() } });
      return decision;
    }
  };

  const decide: Governor['decide'] = async (draft, { signal } = {}) => {
    const event = name(draft);
    return { event, decision: settled(event, await ask(event, { signal })) };
  };

  const settle: Governor['settle'] = async ({ event, decision }, permitOptions = {}) => {
    if (letsPass(decision.value)) return { event, decision, args: undefined };
    if (decision.value !== 'HITL' || decision.review === undefined || onReview === 'throw' || client === undefined) throw new MastGuardBlockedError(decision);
    return awaitReview(client, { event, decision }, { timeoutMs: reviewTimeoutMs, deadlineMs, ...permitOptions });
  };

  return {
    name,
    decide,
    permit: async (draft, permitOptions) => settle(await decide(draft, permitOptions), permitOptions),
    settle,
    async isPending({ value, review }, { signal } = {}) {
      if (value !== 'HITL' || review === undefined || client === undefined) return false;
      return (await client.hitl.get(review.id, {}, { signal })).status === 'pending';
    },
    check: (draft) => checked(name(draft)),
    observe(draft) {
      outbox?.add({ event: { occurredAt: new Date().toISOString(), ...name(draft) } });
    },
    reportOutcome({ eventId, source }, outcome) {
      if (client === undefined || source !== 'server') return;
      const report = client.governance.events
        .reportOutcome(eventId, { outcome }, { maxRetries: 8 })
        .then(
          () => undefined,
          (error: unknown) => options.onFault?.(error),
        )
        .finally(() => reports.delete(report));
      reports.add(report);
    },
    async flush({ timeoutMs = FLUSH_MS } = {}) {
      const [delivered] = await Promise.all([outbox?.flush({ timeoutMs }), settledWithin(reports, timeoutMs)]);
      return { waiting: (delivered?.waiting ?? 0) + reports.size };
    },
  };
}

/** No client where the host decides itself and has given no key. `destination`: the same for all whose events one client can deliver. */
function clientOf({ client, apiKey, baseUrl, decide }: ShieldOptions): { client: MastGuardClient | undefined; destination: unknown } {
  // What is within a client that was given is not known: it is the same as itself alone.
  if (client !== undefined) return { client, destination: client };
  const key = apiKey ?? environmentVariable('MASTGUARD_API_KEY');
  if (key === undefined && decide !== undefined) return { client: undefined, destination: undefined };
  const url = baseUrl ?? environmentVariable('MASTGUARD_BASE_URL');
  return { client: new MastGuardClient({ apiKey: key, baseUrl: url }), destination: `${key} ${url?.replace(/\/+$/, '')}` };
}
