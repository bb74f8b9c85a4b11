import type { ChannelConfig, ChannelSeal } from '../../db/channel-seal.ts';
import { type ChannelRow, createChannel, disableChannel, findChannel, listChannels } from '../../db/queries/channels.ts';
import { listNotifications, type NotificationRow } from '../../db/queries/notifications.ts';
import { findReview } from '../../db/queries/reviews.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { Channel, ChannelInput, Notification } from '../../schemas/channel.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';

type ChannelRoutes = 'listChannels' | 'createChannel' | 'disableChannel' | 'testChannel' | 'listNotifications';

export interface ChannelRoutesOptions {
  vault: SubjectVault;
  runtime: Pick<GovernanceRuntime, 'testChannel'>;
  seal: ChannelSeal;
}

export function channelRoutes({ vault, runtime, seal }: ChannelRoutesOptions): Handlers<ChannelRoutes> {
  const { sql } = vault;
  const channelOf = (orgId: string, { id, kind, name, config, occasions, createdBy, createdAt }: ChannelRow): Channel => {
    const { url, secret } = seal.open(config, { orgId, id });
    const host = url === undefined ? null : new URL(url).host;
    return { id, kind, name, occasions, host, signed: secret !== undefined, createdBy, createdAt: createdAt.toISOString() };
  };

  const read = async (orgId: string, channelId: string): Promise<ChannelRow> => {
    const row = await findChannel(sql, { orgId, channelId });
    if (row === undefined) throw new HttpProblem('not-found');
    return row;
  };

  return {
    async listChannels({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const afterId = decodeCursor(cursor, 'string', { list: 'channels' }) ?? '';
      const rows = await listChannels(sql, { orgId, afterId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'channels', positionOf: ({ id }) => id, itemOf: (row) => channelOf(orgId, row) }) };
    },

    async createChannel({ body }, { principal, requestId }) {
      const { orgId } = principal;
      const { kind, name } = body;
      const id = newId('chn');
      const occasions = [...new Set(body.occasions ?? DEFAULT_OCCASIONS)];
      const createdBy = requesterOf(principal);
      // Kind and occasions only: the ledger is kept for years, and a URL is a secret.
      const audit = auditEntry({ type: 'channel.created', actor: createdBy, target: id, requestId, details: { kind, occasions } });
      const config = seal.seal(configOf(body), { orgId, id });
      await createChannel(sql, { orgId, id, kind, name, config, occasions, createdBy, audit });
      return { status: 201, body: channelOf(orgId, await read(orgId, id)) };
    },

    async disableChannel({ params: { id: channelId } }, { principal, requestId }) {
      const { orgId } = principal;
      const audit = auditEntry({ type: 'channel.disabled', actor: requesterOf(principal), target: channelId, requestId });
      if (!(await disableChannel(sql, { orgId, channelId, audit }))) throw new HttpProblem('not-found');
      return { status: 204, body: null };
    },

    async testChannel({ params: { id } }, { principal, requestId }) {
      const { orgId, memberId } = principal;
      const { id: channelId, kind } = await read(orgId, id);
      if (kind === 'email' && memberId === null) {
        throw new HttpProblem('not-permitted', { detail: 'a test by e-mail goes to whoever asks: sign in, or use a key bound to a member' });
      }
      return { status: 200, body: await runtime.testChannel({ orgId, channelId, memberId, testId: requestId }) };
    },

    async listNotifications({ params: { id: reviewId }, query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const filters = { reviewId };
      const beforeId = decodeCursor(cursor, 'string', { ...filters, list: 'notifications' });
      if ((await findReview(vault, { orgId, reviewId })) === undefined) throw new HttpProblem('not-found');
      const rows = await listNotifications(sql, { orgId, reviewId, beforeId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'notifications', filters, positionOf: ({ id }) => id, itemOf: notificationOf }) };
    },
  };
}

const DEFAULT_OCCASIONS = ['asked', 'reminded'] as const;

const configOf = ({ config }: ChannelInput): ChannelConfig => ({ ...config });

const notificationOf = ({ createdAt, finishedAt, ...row }: NotificationRow): Notification => ({
  ...row,
  createdAt: createdAt.toISOString(),
  finishedAt: finishedAt?.toISOString() ?? null,
});
