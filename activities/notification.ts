import { recipientsOf } from '../core/hitl/recipients.ts';
import type { ChannelSeal } from '../db/channel-seal.ts';
import { channelsFor, findChannel } from '../db/queries/channels.ts';
import { findActiveMember } from '../db/queries/members.ts';
import { closeNotification, openNotifications } from '../db/queries/notifications.ts';
import { loadReviewLadder, loadReviewLadders, type ReviewLadderRow } from '../db/queries/review-steps.ts';
import { findReview } from '../db/queries/reviews.ts';
import { standingFor } from '../db/queries/standing.ts';
import { recordId } from '../db/record-id.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { ChannelTest, NoticeOccasion, Notification } from '../schemas/channel.ts';
import type { Deliver } from './delivery.ts';
import { type Asking, isStillAsked, noticeOf, testNotice } from './notice-of.ts';

/** Something to tell about a review. */
export interface NoticeRequest extends Asking {
  orgId: string;
  reviewId: string;
  occasion: NoticeOccasion;
  /** Number of the reminder, from 1; 0 for everything else. */
  round: number;
}

/** One message over one channel, to one person where the channel is e-mail. */
export interface PlannedDelivery extends NoticeRequest {
  notificationId: string;
  channelId: string;
  memberId: string | null;
}

export type DeliveryTry = { kind: 'sent' } | { kind: 'skipped' } | { kind: 'failed'; error: string; permanent: boolean };

export interface NotificationActivitiesDeps {
  vault: SubjectVault;
  seal: ChannelSeal;
  deliver: Deliver;
  /** The one-click page of one person. */
  decideUrl: (link: { orgId: string; reviewId: string; memberId: string; digest: string; expiresAtMs: number }, purpose: string) => string;
  /** Without a slash at the end. */
  publicUrl: string;
  now: () => number;
}

export type NotificationActivities = ReturnType<typeof createNotificationActivities>;

/** Telling people about reviews. Whatever fails here, the review itself goes on. */
export function createNotificationActivities({ vault, seal, deliver, decideUrl, publicUrl, now }: NotificationActivitiesDeps) {
  const { sql } = vault;
  /** Everybody the occasion concerns; nobody where it is over already. */
  const peopleFor = async ({ orgId, occasion, ...asking }: NoticeRequest, row: ReviewLadderRow): Promise<string[]> => {
    const level = row.plan.levels[asking.level];
    const isAsked = occasion === 'asked' || occasion === 'reminded';
    if (level === undefined) return [];
    const joined = row.joined.length === 0 ? [] : await loadReviewLadders(vault, { orgId, reviewIds: row.joined });
    return recipientsOf(level, row.state.votes ?? [], await standingFor(vault, orgId, [row, ...joined], now()), isAsked);
  };

  return {
    /** Who is to be told over which channel. The same request again plans the same deliveries. */
    async planDeliveries(request: NoticeRequest): Promise<PlannedDelivery[]> {
      const { orgId, reviewId, occasion, level } = request;
      const row = await loadReviewLadder(vault, { orgId, reviewId });
      if (row === undefined || !isStillAsked(request, row)) return [];
      const channels = await channelsFor(sql, { orgId, occasion });
      const people = channels.some(({ kind }) => kind === 'email') ? await peopleFor(request, row) : [];
      const deliveries = channels.flatMap(({ id: channelId, kind }) =>
        (kind === 'email' ? people : [null]).map((memberId) => ({
          ...request,
          channelId,
          memberId,
          notificationId: notificationIdOf(request, channelId, memberId),
        })),
      );
      const items = deliveries.map(({ notificationId: id, channelId, memberId }) => ({
        id,
        channel_id: channelId,
        review_id: reviewId,
        occasion,
        level,
        member_id: memberId,
      }));
      if (items.length > 0) await openNotifications(sql, { orgId, items });
      return deliveries;
    },

    /** Sends one message, once. Skipped where there is nothing to tell any more. */
    async sendNotice(delivery: PlannedDelivery): Promise<DeliveryTry> {
      const { orgId, reviewId, channelId, memberId, notificationId: id } = delivery;
      const [review, channel, member] = await Promise.all([
        findReview(vault, { orgId, reviewId }),
        findChannel(sql, { orgId, channelId }),
        memberId === null ? null : findActiveMember(sql, { orgId, memberId }),
      ]);
      const notice = review === undefined ? null : noticeOf(delivery, review, publicUrl);
      if (review === undefined || notice === null || channel === undefined || member === undefined) return { kind: 'skipped' };
      const link =
        member === null || review.status !== 'pending'
          ? null
          : decideUrl({ orgId, reviewId, memberId: member.id, digest: review.actionDigest, expiresAtMs: review.expiresAt.getTime() }, id);
      const config = seal.open(channel.config, { orgId, id: channelId });
      return deliver({ id, kind: channel.kind, config, notice: { ...notice, decideUrl: link }, address: member?.email ?? null });
    },

    /** Notes how a try went; `pending` where another one follows. */
    async noteDelivery({ orgId, notificationId, ...result }: DeliveryNote): Promise<void> {
      await closeNotification(sql, { orgId, notificationId, ...result });
    },

    /** A message that says it is a test; by e-mail to the one who asks for it. */
    async sendTest({ orgId, channelId, memberId, testId }: ChannelTestRequest): Promise<ChannelTest> {
      const channel = await findChannel(sql, { orgId, channelId });
      if (channel === undefined) return { delivered: false, error: 'the channel is disabled' };
      const member = memberId === null ? undefined : await findActiveMember(sql, { orgId, memberId });
      const config = seal.open(channel.config, { orgId, id: channelId });
      const result = await deliver({ id: `ntf_${testId}`, kind: channel.kind, config, notice: testNotice(publicUrl), address: member?.email ?? null });
      return result.kind === 'sent' ? { delivered: true, error: null } : { delivered: false, error: result.error };
    },
  };
}

export interface DeliveryNote {
  orgId: string;
  notificationId: string;
  status: Notification['status'];
  attempts: number;
  error: string | null;
}

export interface ChannelTestRequest {
  orgId: string;
  channelId: string;
  /** Who asks; null for a key that is bound to nobody. */
  memberId: string | null;
  testId: string;
}

function notificationIdOf({ orgId, reviewId, occasion, level, askedAtMs, round }: NoticeRequest, channelId: string, memberId: string | null): string {
  const parts = [reviewId, occasion, level, askedAtMs, round, channelId, memberId ?? ''].map(String);
  return `ntf_${recordId(orgId, 'notification', ...parts).replaceAll('-', '')}`;
}
