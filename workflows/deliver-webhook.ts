import { isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { WebhookActivities, WebhookNote, WebhookRound, WebhookTry } from '../activities/webhook.ts';
import { WEBHOOK_SEND, WEBHOOK_STEP } from './options.ts';

const { sendWebhook } = proxyActivities<WebhookActivities>(WEBHOOK_SEND);
const { noteWebhook } = proxyActivities<WebhookActivities>(WEBHOOK_STEP);

export interface WebhookRun extends WebhookRound {
  /** Before each try. Given with the run, so that a later schedule changes no open one. */
  waitsMs: readonly number[];
}

export interface WebhookDelivered {
  status: 'delivered' | 'failed' | 'over';
  attempts: number;
}

const LONGEST_HOLD_MS = 60_000;

/**
 * Delivers one message to one endpoint: tries until the other side takes it, says for good that it wants no more, or the last try has failed.
 * The other side may get a message twice, under the same id: a try whose answer was lost is made again.
 */
export async function deliverWebhook({ waitsMs, ...round }: WebhookRun): Promise<WebhookDelivered> {
  let waitMs = jittered(waitsMs[0] ?? 0);
  for (let attempts = 1; ; attempts += 1) {
    if (waitMs > 0) await sleep(waitMs, { summary: `try ${attempts} of ${waitsMs.length}` });
    const result = await attemptWhenAllowed(round);
    if (result.kind === 'over') return { status: 'over', attempts: attempts - 1 };
    const next = waitsMs[attempts];
    const nextInMs = next === undefined ? null : Math.max(jittered(next), result.kind === 'failed' ? (result.retryAfterMs ?? 0) : 0);
    await noteWebhook({ ...round, result, attempts, nextInMs });
    if (result.kind === 'delivered') return { status: 'delivered', attempts };
    if (result.final || nextInMs === null) return { status: 'failed', attempts };
    waitMs = nextInMs;
  }
}

/** A try that is held back does not count, and waits as long as it is told or, where it is not, each time longer. */
async function attemptWhenAllowed(round: WebhookRound): Promise<WebhookNote['result'] | { kind: 'over' }> {
  for (let backoffMs = 1_000; ; backoffMs = Math.min(backoffMs * 2, LONGEST_HOLD_MS)) {
    const result = await attempt(round);
    if (result.kind !== 'held') return result;
    await sleep(jittered(Math.max(result.waitMs, backoffMs)), { summary: 'held back' });
  }
}

/** A try that broke off, with its worker or before the database, is a failed one. */
async function attempt(round: WebhookRound): Promise<WebhookTry> {
  try {
    return await sendWebhook(round);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { kind: 'failed', http: null, error: 'the try broke off', gone: false, final: false, throttles: false, retryAfterMs: null };
  }
}

/** Up to a tenth more: what failed together is not tried again together. */
const jittered = (waitMs: number): number => Math.round(waitMs * (1 + Math.random() / 10));
