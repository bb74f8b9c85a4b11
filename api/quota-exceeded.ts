import { HttpProblem, retryAfter } from './problem.ts';

/** No event of the month is left. Says when the next month begins; quotas count calendar months in UTC. */
export function quotaExceeded(nowMs: number): HttpProblem {
  const now = new Date(nowMs);
  const resetsAtMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  return new HttpProblem('quota-exceeded', { headers: retryAfter(resetsAtMs - nowMs), extras: { resetsAt: new Date(resetsAtMs).toISOString() } });
}
