import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough for many at once on a busy machine. */
const ANSWERED_WITHIN_MS = 30_000;

/** Asks again while the product is too busy, as every client should where that can do nothing twice. Answers the last answer. */
export async function whileBusy<Answer extends { status: number }>(ask: () => Promise<Answer>): Promise<Answer> {
  const endMs = Date.now() + ANSWERED_WITHIN_MS;
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503 || Date.now() > endMs) return answer;
    await sleep(500);
  }
}
