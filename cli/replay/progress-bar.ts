export interface ProgressBarOptions {
  stream: { write(text: string): unknown; columns?: number | undefined };
  /** Rewrites one line; otherwise a plain line every `everyMs`. */
  live: boolean;
  everyMs?: number;
  /** What is counted. */
  unit?: string;
  nowMs?: () => number;
}

const BAR_LENGTH = 24;
const LIVE_EVERY_MS = 100;

/** How far a long run is: a bar on a terminal, now and then a line elsewhere. */
export function createProgressBar({
  stream,
  live,
  everyMs = live ? LIVE_EVERY_MS : 5_000,
  unit = 'events',
  nowMs = () => performance.now(),
}: ProgressBarOptions) {
  const startedAtMs = nowMs();
  let shownAtMs = live ? -Infinity : startedAtMs;
  let isOpen = false;

  const clear = (): void => {
    if (isOpen) stream.write('\r\u001b[2K');
    isOpen = false;
  };

  return {
    /** @param share 0 to 1 */
    update(share: number, done: number): void {
      const now = nowMs();
      if (now - shownAtMs < everyMs) return;
      shownAtMs = now;
      const filled = Math.round(share * BAR_LENGTH);
      const rate = Math.round((1_000 * done) / Math.max(1, now - startedAtMs));
      const figures = `${Math.floor(100 * share)} %, ${done} ${unit}, ${rate}/s`;
      if (!live) return void stream.write(`${figures}\n`);
      stream.write(`\r\u001b[2K${`[${'#'.repeat(filled)}${'-'.repeat(BAR_LENGTH - filled)}] ${figures}`.slice(0, (stream.columns ?? 80) - 1)}`);
      isOpen = true;
    },
    line(text: string): void {
      clear();
      stream.write(`${text}\n`);
    },
    clear,
  };
}
