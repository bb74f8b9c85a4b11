import type { ReplaySummary } from './tally.ts';

/** The summary for people: a few lines, each of which stands alone. */
export function formatSummary({
  decided,
  sessions,
  decisions,
  reasons,
  detectors,
  latencyMs,
  elapsedMs,
  eventsPerSecond,
  unreadableLines,
  failedEvents,
  failed,
  stopped,
}: ReplaySummary): string {
  const share = (count: number): string => (decided === 0 ? '' : ` (${((100 * count) / decided).toFixed(1)} %)`);
  const lines = [
    `${decided} events of ${sessions} sessions decided in ${(elapsedMs / 1_000).toFixed(1)} s, ${eventsPerSecond.toFixed(1)}/s`,
    `latency    p50 ${ms(latencyMs.p50)}, p95 ${ms(latencyMs.p95)}, p99 ${ms(latencyMs.p99)}, max ${ms(latencyMs.max)}`,
    `decisions  ${Object.entries(decisions)
      .map(([value, count]) => `${value} ${count}${share(count)}`)
      .join(', ')}`,
  ];
  if (detectors.length > 0) lines.push(`detectors  ${detectors.map(({ detector, count }) => `${detector} ${count}`).join(', ')}`);
  if (reasons.length > 0) lines.push('reasons', ...reasons.map(({ reason, count }) => `  ${String(count).padStart(6)}  ${reason}`));
  if (failedEvents > 0) lines.push(`${failedEvents} events got no decision`, ...failed.slice(0, 10).map(({ eventId, detail }) => `  ${eventId}: ${detail}`));
  if (unreadableLines > 0) lines.push(`${unreadableLines} lines could not be read and were skipped`);
  if (stopped === 'interrupted') lines.push('stopped before the end; the same command carries on with the same decisions');
  if (stopped === 'unreachable') lines.push('stopped: the API does not answer');
  return lines.join('\n');
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
