import { isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { DeliveryTry, NotificationActivities, PlannedDelivery } from '../activities/notification.ts';
import type { Notification } from '../schemas/channel.ts';
import { NOTICE_SEND, NOTICE_STEP } from './options.ts';

const { sendNotice } = proxyActivities<NotificationActivities>(NOTICE_SEND);
const { noteDelivery } = proxyActivities<NotificationActivities>(NOTICE_STEP);

/** Before each try: an outage of two and a half hours loses no message. */
const WAITS_MS = [0, 5_000, 60_000, 300_000, 1_800_000, 7_200_000];

export interface Delivered {
  status: Notification['status'];
  attempts: number;
}

/**
 * Delivers one message: tries until the other side takes it, says for good that it will not, or the last try has failed. The other
 * side may get a message twice, under the same id: a try whose answer was lost is made again.
 */
export async function deliverNotification(delivery: PlannedDelivery): Promise<Delivered> {
  const { orgId, notificationId } = delivery;
  for (const [index, waitMs] of WAITS_MS.entries()) {
    const attempts = index + 1;
    if (waitMs > 0) await sleep(waitMs, { summary: `try ${attempts} of ${WAITS_MS.length}` });
    const result = await attempt(delivery);
    const isOver = result.kind !== 'failed' || result.permanent || attempts === WAITS_MS.length;
    const status = isOver ? result.kind : 'pending';
    await noteDelivery({ orgId, notificationId, status, attempts, error: result.kind === 'failed' ? result.error : null });
    if (isOver) return { status, attempts };
  }
  throw new Error('a delivery has at least one try');
}

/** A try that broke off, with its worker or before the database, is a failed one. */
async function attempt(delivery: PlannedDelivery): Promise<DeliveryTry> {
  try {
    return await sendNotice(delivery);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { kind: 'failed', error: 'the try broke off', permanent: false };
  }
}
