import type { MastGuardClient } from '../../compliance/src/client.ts';
import { MastGuardConnectionError, type MastGuardError } from '../../compliance/src/errors.ts';
import { sleep } from '../../compliance/src/sleep.ts';
import { within } from '../../compliance/src/within.ts';
import type { GovernedEvent, ShieldDecision } from './decision.ts';
import { unavailableCause } from './unavailable.ts';

const MAX_ATTEMPTS = 3;
const FIRST_PAUSE_MS = 50;

/**
 * Asks MastGuard, again where that may help while there is time. The retries of the client are not for this: they would wait beyond the deadline.
 * @throws MastGuardError; with code `timeout` where the deadline passed. The signal's reason where that ended it.
 */
export async function askServer(
  client: MastGuardClient,
  event: GovernedEvent,
  { deadlineMs, signal }: { deadlineMs: number; signal?: AbortSignal | undefined },
): Promise<ShieldDecision> {
  const untilMs = performance.now() + deadlineMs;
  const late = new MastGuardConnectionError(`no decision within ${deadlineMs} ms`, { code: 'timeout' });
  return within(deadlineMs, { signal, late }, async (ended) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { eventId, value, mast, riskScore, reasons, policy, review, attestation, receipt } = await client.governance.ingest(event, {
          signal: ended,
          timeoutMs: deadlineMs,
          maxRetries: 0,
        });
        return { eventId, value, mast, riskScore, reasons, policy, review, attestation, receipt, source: 'server' };
      } catch (error) {
        const pauseMs = pauseBefore(error, attempt);
        if (pauseMs === undefined || attempt === MAX_ATTEMPTS || performance.now() + pauseMs >= untilMs) throw error;
        await sleep(pauseMs, ended);
      }
    }
  });
}

/** Undefined where asking again is of no use. */
function pauseBefore(error: unknown, attempt: number): number | undefined {
  const cause = unavailableCause(error);
  if (cause === undefined || cause === 'quota' || cause === 'deadline') return undefined;
  // A connection that had been kept alive and was closed meanwhile: the next one is a new one.
  if (cause === 'unreachable' && attempt === 1) return 0;
  return Math.max((error as MastGuardError).retryAfterMs ?? 0, FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2));
}
