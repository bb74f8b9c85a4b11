import { messageOf, type WebhookDraft } from '../core/webhooks/message.ts';
import type { Sql } from '../db/client.ts';
import { type FeedPage, feedWebhook, feedWebhookReplay, listTellingFacts, type Unfed } from '../db/queries/webhook-feed.ts';
import { recordId } from '../db/record-id.ts';

export interface WebhookFeedDeps {
  sql: Sql;
  /** Without a slash at the end. */
  publicUrl: string;
  /** Entries looked at in one go. */
  pageSize?: number;
}

/** Steps of telling endpoints what the ledger says. A page that is done twice opens its deliveries once. */
export function createWebhookFeed({ sql, publicUrl, pageSize = 2_000 }: WebhookFeedDeps) {
  const page = async ({ orgId, id, types, nextSeq, headSeq }: Unfed): Promise<FeedPage> => {
    const untilSeq = Math.min(headSeq, nextSeq + pageSize);
    const facts = await listTellingFacts(sql, { orgId, fromSeq: nextSeq, untilSeq });
    const messages = new Map<string, FeedPage['messages'][number]>();
    for (const fact of facts) {
      const draft = messageOf(fact, publicUrl);
      if (draft === null || (types.length > 0 && !types.includes(draft.type))) continue;
      const messageId = messageIdOf(orgId, draft);
      // Of several entries that tell the same, the last one of the page.
      messages.set(messageId, { message_id: messageId, seq: fact.seq, type: draft.type, occurred_at: draft.timestamp });
    }
    return { orgId, id, fromSeq: nextSeq, untilSeq, messages: [...messages.values()] };
  };

  return {
    /** Answers how many entries it has got past; 0 where another process was first. */
    async feedEndpoint(unfed: Unfed): Promise<number> {
      const fed = await page(unfed);
      return (await feedWebhook(sql, fed)) ? fed.untilSeq - fed.fromSeq : 0;
    },
    async feedReplay(unfed: Unfed): Promise<number> {
      const fed = await page(unfed);
      return (await feedWebhookReplay(sql, fed)) ? fed.untilSeq - fed.fromSeq : 0;
    },
  };
}

export type WebhookFeed = ReturnType<typeof createWebhookFeed>;

/** The same for every endpoint, every try and every replay. */
export const messageIdOf = (orgId: string, { type, key }: Pick<WebhookDraft, 'type' | 'key'>): string =>
  `msg_${recordId(orgId, 'webhook-message', type, key).replaceAll('-', '')}`;
