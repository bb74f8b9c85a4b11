import type { MastGuardClient } from '../../compliance/src/client.ts';
import { MastGuardConnectionError } from '../../compliance/src/errors.ts';
import type { GovernedEvent, ShieldDecision } from './decision.ts';

/**
 * Asks MastGuard, once more where that is of use, within the deadline.
 * @throws MastGuardError; with code `timeout` where the deadline passed. The signal's reason where that ended it.
 */
export async function askServer(
  client: MastGuardClient,
  event: GovernedEvent,
  { deadlineMs, signal }: { deadlineMs: number; signal?: AbortSignal | undefined },
): Promise<ShieldDecision> {
  signal?.throwIfAborted();
  const ended = new AbortController();
  const onAbort = (): void => ended.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const late = new MastGuardConnectionError(`no decision within ${deadlineMs} ms`, { code: 'timeout' });
  const timer = setTimeout(() => ended.abort(late), deadlineMs);
  try {
    const { eventId, value, mast, riskScore, reasons, policy, review, attestation, receipt } = await client.governance.ingest(event, {
      signal: ended.signal,
      timeoutMs: deadlineMs,
      maxRetries: 1,
    });
    return { eventId, value, mast, riskScore, reasons, policy, review, attestation, receipt, source: 'server' };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
