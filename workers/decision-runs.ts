import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { DecisionOutcome } from '../activities/decision.ts';
import { type DecideRequest, DecisionUnavailable } from '../api/governance-runtime.ts';
import { permissionFromRecord } from '../core/ledger/event-record.ts';
import type { Sql } from '../db/client.ts';
import { isSameEvent, plainEventDigest } from '../db/event-digest.ts';
import { findRecordedEvent } from '../db/queries/ledger.ts';
import { governEventId } from '../workflows/ids.ts';
import { decisionUpdate } from '../workflows/messages.ts';
import { callWithin } from './call-within.ts';
import { startGovernEvent } from './start-govern-event.ts';
import type { Waiters } from './waiters.ts';
import { within } from './within.ts';

export interface DecisionRunsDeps {
  client: Client;
  sql: Sql;
  waiters: Waiters<DecisionOutcome>;
  /** Time a caller waits before it is told to come back. */
  deadlineMs: number;
  /** Temporal must accept a start within this, or counts as away. */
  startTimeoutMs?: number;
  /** Set when a decision worker shares this process and connection. */
  eager: boolean;
}

interface Flight {
  digest: string;
  outcome: Promise<DecisionOutcome>;
}

/** Starts one run per event and waits for its decision, by whichever way it comes first. */
export function createDecisionRuns({ client, sql, waiters, deadlineMs, startTimeoutMs = 900, eager }: DecisionRunsDeps) {
  const flights = new Map<string, Flight>();

  const start = async (request: DecideRequest): Promise<'eager' | 'queued' | 'known'> => {
    try {
      const handle = await startGovernEvent(client, request, { eager, timeoutMs: startTimeoutMs });
      return handle.eagerlyStarted ? 'eager' : 'queued';
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return 'known';
      throw new DecisionUnavailable('the event could not be handed over', { cause: error });
    }
  };

  const recorded = async (request: DecideRequest): Promise<DecisionOutcome | undefined> => {
    const row = await findRecordedEvent(sql, { orgId: request.orgId, eventId: request.event.id });
    if (row === undefined) return undefined;
    return isSameEvent(row.digest, request) ? { kind: 'decided', decision: permissionFromRecord(row.body, row) } : { kind: 'conflict' };
  };

  /** Asks the run itself: for a run of another process, or one that was not started eagerly. */
  const ask = async (workflowId: string, digest: string): Promise<DecisionOutcome> => {
    try {
      const handle = client.workflow.getHandle(workflowId);
      const decision = await callWithin(client, deadlineMs, () => handle.executeUpdate(decisionUpdate, { updateId: 'decision', args: [digest] }));
      return { kind: 'decided', decision };
    } catch (error) {
      const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
      if (cause instanceof ApplicationFailure && cause.type === 'id-reused') return { kind: 'conflict' };
      if (cause instanceof ApplicationFailure && cause.type === 'quota-exceeded') return { kind: 'quota' };
      throw new DecisionUnavailable('the decision is not known yet', { cause: error });
    }
  };

  /** A run that 0.1.0 started knows its event by the plain digest. */
  const askEither = async (workflowId: string, { event, digest }: DecideRequest): Promise<DecisionOutcome> => {
    const outcome = await ask(workflowId, digest);
    return outcome.kind === 'conflict' ? ask(workflowId, plainEventDigest(event)) : outcome;
  };

  const fly = async (request: DecideRequest, workflowId: string): Promise<DecisionOutcome> => {
    const answered = waiters.wait(workflowId);
    const started = await start(request).catch(async (error: unknown) => {
      // Temporal is away, or late. What is recorded already needs no run.
      const known = await recorded(request).catch(() => undefined);
      if (known === undefined) throw error;
      return known;
    });
    if (typeof started !== 'string') return started;
    if (started === 'eager') return answered;
    if (started === 'known') {
      const known = await recorded(request);
      if (known !== undefined) return known;
    }
    try {
      // The first to fail ends it: the hand-off fails when the database is away, the run when it has closed or Temporal is away.
      return await Promise.race([answered, askEither(workflowId, request)]);
    } catch (error) {
      // The run may have closed between the two looks.
      const late = await recorded(request).catch(() => undefined);
      if (late !== undefined) return late;
      throw error instanceof DecisionUnavailable && error.cause instanceof WorkflowNotFoundError
        ? new DecisionUnavailable('the run is gone without a record', { cause: error })
        : error;
    }
  };

  return async function decide(request: DecideRequest): Promise<DecisionOutcome> {
    const workflowId = governEventId(request.orgId, request.event.id);
    const known = flights.get(workflowId);
    if (known !== undefined) return known.digest === request.digest ? within(known.outcome, deadlineMs, tooLate) : { kind: 'conflict' };
    const flight: Flight = { digest: request.digest, outcome: fly(request, workflowId) };
    flights.set(workflowId, flight);
    // At the deadline too: the run goes on without us, perhaps in another process, and a retry must ask it, not wait on this flight.
    // A flight that ends later than that must leave the next one's entries alone.
    const land = (): void => {
      if (flights.get(workflowId) !== flight) return;
      flights.delete(workflowId);
      waiters.forget(workflowId);
    };
    flight.outcome.then(land, land);
    return within(flight.outcome, deadlineMs, tooLate).finally(land);
  };
}

const tooLate = (): DecisionUnavailable => new DecisionUnavailable('no decision was recorded in time');
