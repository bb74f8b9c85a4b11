import { randomUUID } from 'node:crypto';
import { auditEntry } from '../../api/audit.ts';
import { createChannelSeal } from '../../db/channel-seal.ts';
import { createChannel } from '../../db/queries/channels.ts';
import { listNotifications, type NotificationRow } from '../../db/queries/notifications.ts';
import type { ChannelKind, NoticeOccasion } from '../../schemas/channel.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import type { Stage } from './stage.ts';

/** Whatever listens on loopback may be told. */
export const LOOPBACK = { mail: null, allow: ['127.0.0.0/8'] };

/** A level that is reminded after two and six seconds and runs out a while later, one that runs out without a message, and one that lasts. */
export const REMINDING: PolicySet = {
  rules: [
    {
      id: 'reminded',
      priority: 100,
      when: { actions: ['remind'] },
      effect: 'hitl',
      review: {
        levels: [
          { reviewers: { roles: ['Reviewer'] }, withinMs: 12_000, remindEveryMs: 2_000 },
          { reviewers: { roles: ['Reviewer'] }, withinMs: 600_000 },
        ],
      },
      reason: 'reminders are part of it',
    },
    {
      id: 'unheard',
      priority: 100,
      when: { actions: ['be_silent'] },
      effect: 'hitl',
      review: {
        levels: [
          { reviewers: { roles: ['Reviewer'] }, withinMs: 2_000, remindEveryMs: 1_000 },
          { reviewers: { roles: ['Reviewer'] }, withinMs: 600_000 },
        ],
      },
      reason: 'nobody hears of it',
    },
    {
      id: 'transfers',
      priority: 100,
      when: { actions: ['transfer'] },
      effect: 'hitl',
      review: { levels: [{ reviewers: { roles: ['Reviewer'] }, withinMs: 600_000 }] },
      reason: 'transfers are decided by people',
    },
  ],
};

export interface NewTestChannel {
  orgId: string;
  kind?: ChannelKind;
  url: string;
  occasions: NoticeOccasion[];
}

export async function addChannel({ sql }: Stage, masterKey: Buffer, { orgId, kind = 'webhook', url, occasions }: NewTestChannel): Promise<string> {
  const id = `chn_${randomUUID()}`;
  const config = createChannelSeal(masterKey).seal({ url }, { orgId, id });
  const audit = auditEntry({ type: 'channel.created', actor: 'system', target: id, requestId: 'req_test' });
  await createChannel(sql, { orgId, id, kind, name: 'test', config, occasions, createdBy: 'system', audit });
  return id;
}

export const notificationsOf = ({ sql }: Stage, orgId: string, reviewId: string): Promise<NotificationRow[]> =>
  listNotifications(sql, { orgId, reviewId, limit: 99 });
