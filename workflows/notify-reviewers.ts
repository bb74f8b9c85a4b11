import { ChildWorkflowCancellationType, ParentClosePolicy, proxyActivities, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import type { NotificationActivities, NoticeRequest, PlannedDelivery } from '../activities/notification.ts';
import type { deliverNotification } from './deliver-notification.ts';
import { deliverNotificationId } from './ids.ts';
import { NOTICE_STEP } from './options.ts';
import { SEARCH_ATTRIBUTE } from './search-attributes.ts';

const { planDeliveries } = proxyActivities<NotificationActivities>(NOTICE_STEP);

/** Children that are started at once: a run has a limit of pending ones. */
const STARTED_AT_ONCE = 100;

/** Tells everybody who is concerned, each by a run of its own: a channel that is down holds up no other one. */
export async function notifyReviewers(request: NoticeRequest): Promise<{ deliveries: number }> {
  const deliveries = await planDeliveries(request);
  for (let at = 0; at < deliveries.length; at += STARTED_AT_ONCE) await Promise.all(deliveries.slice(at, at + STARTED_AT_ONCE).map(start));
  return { deliveries: deliveries.length };
}

/** Resolves when the delivery runs, not when it has ended. One that runs already, or has run, is no error. */
function start(delivery: PlannedDelivery): Promise<unknown> {
  return startChild<typeof deliverNotification>('deliverNotification', {
    workflowId: deliverNotificationId(delivery),
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.ABANDON,
    staticSummary: `${delivery.occasion}, level ${delivery.level + 1}, channel ${delivery.channelId}`,
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTE.orgId, value: delivery.orgId }],
    args: [delivery],
  }).catch(() => undefined);
}
