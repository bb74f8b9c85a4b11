import type { NoticeOccasion, Notification } from '../../schemas/channel.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';

export interface NotificationRow {
  id: string;
  channelId: string;
  occasion: NoticeOccasion;
  level: number;
  memberId: string | null;
  status: Notification['status'];
  attempts: number;
  lastError: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

export interface NotificationsQuery {
  orgId: string;
  reviewId: string;
  /** The last one of the page before. */
  beforeId?: string | undefined;
  limit: number;
}

/** What was sent about a review, newest first. */
export function listNotifications(sql: Sql, { orgId, reviewId, beforeId, limit }: NotificationsQuery): Promise<NotificationRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<NotificationRow[]>`
    select id, channel_id as "channelId", occasion, level, member_id as "memberId", status, attempts, last_error as "lastError",
           created_at as "createdAt", finished_at as "finishedAt"
    from notification
    where org_id = ${orgId} and review_id = ${reviewId}
      ${beforeId === undefined ? tx`` : tx`and (created_at, id) < (select b.created_at, b.id from notification b where b.org_id = ${orgId} and b.id = ${beforeId})`}
    order by created_at desc, id desc limit ${limit}`,
  );
}

export interface PlannedNotification {
  id: string;
  channel_id: string;
  review_id: string;
  occasion: NoticeOccasion;
  level: number;
  member_id: string | null;
}

/** Planning the same twice changes nothing. */
export async function openNotifications(sql: Sql, { orgId, items }: { orgId: string; items: readonly PlannedNotification[] }): Promise<void> {
  await sql`select open_notifications(${orgId}, ${JSON.stringify(items)}::text::jsonb)`;
}

export interface NotificationResult {
  orgId: string;
  notificationId: string;
  /** `pending` notes a try that failed and will be made again. */
  status: Notification['status'];
  attempts: number;
  error: string | null;
}

export async function closeNotification(sql: Sql, { orgId, notificationId, status, attempts, error }: NotificationResult): Promise<void> {
  await sql`select close_notification(${orgId}, ${notificationId}, ${status}, ${attempts}, ${error})`;
}

/** True for the first use of a one-click link. */
export async function spendReviewLink(
  sql: Sql,
  { orgId, linkId, reviewId, memberId }: { orgId: string; linkId: string; reviewId: string; memberId: string },
): Promise<boolean> {
  const [row] = await sql<{ first: boolean }[]>`select use_review_link(${orgId}, ${linkId}, ${reviewId}, ${memberId}) as first`;
  return row?.first === true;
}

export function isReviewLinkSpent(sql: Sql, { orgId, linkId }: { orgId: string; linkId: string }): Promise<boolean> {
  return asTenant(sql, orgId, async (tx) => (await tx`select 1 from review_link_use where org_id = ${orgId} and link_id = ${linkId}`).length > 0);
}
