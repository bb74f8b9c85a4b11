import { renderMail } from '../core/hitl/notification-mail.ts';
import { renderSlack } from '../core/hitl/notification-slack.ts';
import { renderTeams } from '../core/hitl/notification-teams.ts';
import { renderWebhook } from '../core/hitl/notification-webhook.ts';
import type { ReviewNotice } from '../core/hitl/notification.ts';
import type { ChannelConfig } from '../db/channel-seal.ts';
import type { ChannelKind } from '../schemas/channel.ts';
import type { GuardedFetch } from './outbound/guarded-fetch.ts';
import { type Mailer, MailFailed } from './outbound/mailer.ts';
import { outboundFault } from './outbound/outbound-error.ts';
import { webhookHeaders } from './outbound/webhook-signature.ts';

/** What came of one try. `error` names neither address nor host nor text: it is shown to administrators and kept in histories. */
export type DeliveryResult = { kind: 'sent' } | { kind: 'failed'; error: string; permanent: boolean };

export interface DeliveryDeps {
  /** Null where the operator has named no mail server. */
  mailer: Mailer | null;
  fetch: GuardedFetch['fetch'];
  /** Right side of message ids. */
  mailDomain: string;
  now: () => number;
}

export interface Parcel {
  /** The same on every try, so that receivers can tell a repeated message. */
  id: string;
  kind: ChannelKind;
  config: ChannelConfig;
  notice: ReviewNotice;
  /** Null for chats and webhooks. */
  address: string | null;
}

/** Hands one message over to the other side, once. Throws nothing that the other side causes. */
export function createDelivery({ mailer, fetch, mailDomain, now }: DeliveryDeps) {
  const post = async ({ url = '' }: ChannelConfig, body: string, headers: Record<string, string> = {}): Promise<DeliveryResult> => {
    const { status } = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': 'MastGuard', ...headers }, body });
    if (status >= 200 && status < 300) return { kind: 'sent' };
    return { kind: 'failed', error: `answered ${status}`, permanent: status < 500 && !WORTH_ANOTHER_TRY.has(status) };
  };

  const send = async ({ id, kind, config, notice, address }: Parcel): Promise<DeliveryResult> => {
    switch (kind) {
      case 'email': {
        if (mailer === null) return { kind: 'failed', error: 'no mail server is configured', permanent: true };
        if (address === null) return { kind: 'failed', error: 'there is nobody to write to', permanent: true };
        const { accepted } = await mailer.send({ to: address, ...renderMail(notice), messageId: `<${id}@${mailDomain}>` });
        return accepted ? { kind: 'sent' } : { kind: 'failed', error: 'the mail server took no recipient', permanent: true };
      }
      case 'slack':
        return post(config, JSON.stringify(renderSlack(notice)));
      case 'teams':
        return post(config, JSON.stringify(renderTeams(notice)));
      case 'webhook': {
        const body = JSON.stringify(renderWebhook(notice, { at: new Date(now()).toISOString() }));
        return post(config, body, webhookHeaders({ id, body, atSeconds: Math.floor(now() / 1_000) }, config.secret));
      }
    }
  };

  return async (parcel: Parcel): Promise<DeliveryResult> => {
    try {
      return await send(parcel);
    } catch (error) {
      if (error instanceof MailFailed) return { kind: 'failed', error: mailError(error), permanent: error.permanent };
      return { kind: 'failed', ...outboundFault(error) };
    }
  };
}

export type Deliver = ReturnType<typeof createDelivery>;

const mailError = ({ responseCode, message }: MailFailed): string => (responseCode === null ? message : `the mail server answered ${responseCode}`);

/** Request timeout, too early, too many requests: the request itself is not at fault. */
const WORTH_ANOTHER_TRY: ReadonlySet<number> = new Set([408, 425, 429]);
