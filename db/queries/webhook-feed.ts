import { type LedgerFact, TELLING_AUDITS } from '../../core/webhooks/message.ts';
import type { WebhookEventType } from '../../schemas/webhook-event.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';

/** An endpoint, or a replay, and the part of the ledger that it has not been told of. */
export interface Unfed {
  orgId: string;
  /** Of the endpoint or of the replay. */
  id: string;
  /** Empty: every type. */
  types: WebhookEventType[];
  /** Next entry. */
  nextSeq: number;
  /** One behind the last. */
  headSeq: number;
}

const columns = (sql: Sql) => sql`org_id as "orgId", id, types, next_seq as "nextSeq", head_seq as "headSeq"`;

/** Of all organisations, the one that has waited longest first. */
export async function listUnfedEndpoints(sql: Sql, { limit }: { limit: number }): Promise<Unfed[]> {
  return sql<Unfed[]>`select ${columns(sql)} from webhooks_unfed(${limit})`;
}

export async function listUnfedReplays(sql: Sql, { limit }: { limit: number }): Promise<Unfed[]> {
  return sql<Unfed[]>`select ${columns(sql)} from webhook_replays_unfed(${limit})`;
}

export interface FactsQuery {
  orgId: string;
  fromSeq: number;
  /** Exclusive. */
  untilSeq: number;
}

/** Entries that may tell of something, in order. Classes and times of the span bound the partitions that are looked into. */
export function listTellingFacts(sql: Sql, { orgId, fromSeq, untilSeq }: FactsQuery): Promise<LedgerFact[]> {
  return asTenant(sql, orgId, async (tx) => {
    const [span] = await tx<{ classes: number[] | null; from: string; until: string }[]>`
      select array_agg(distinct retain_days) as classes, min(at)::text as from, max(at)::text as until
      from ledger_entry where org_id = ${orgId} and seq >= ${fromSeq} and seq < ${untilSeq}`;
    if (span === undefined || span.classes === null) return [];
    const { classes, from, until } = span;
    const within = (tx2: TransactionSql) => tx2`
      b.org_id = ${orgId} and b.seq >= ${fromSeq} and b.seq < ${untilSeq} and b.retention = any (${sql.array(classes, 21)}::smallint[])
      and b.at between ${from}::text::timestamptz and ${until}::text::timestamptz`;
    return tx<LedgerFact[]>`
      select b.seq, 1 as kind, b.record_id as id, b.at, b.body from agent_events b where ${within(tx)} and b.value <> 'ALLOW'
      union all select b.seq, 2, b.record_id, b.at, b.body from hitl_decisions b where ${within(tx)} and b.step <> 'consume'
      union all select b.seq, 3, b.record_id, b.at, b.body from audit_records b where ${within(tx)} and b.type = any (${sql.array([...TELLING_AUDITS], 25)}::text[])
      union all select b.seq, 4, b.record_id, b.at, b.body from policy_violations b where ${within(tx)}
      order by seq`;
  });
}

export interface FedMessage {
  message_id: string;
  seq: number;
  type: WebhookEventType;
  occurred_at: string;
}

export interface FeedPage {
  orgId: string;
  id: string;
  fromSeq: number;
  untilSeq: number;
  messages: readonly FedMessage[];
}

/** Opens deliveries and moves the cursor of an endpoint; false when another process was first. */
export async function feedWebhook(sql: Sql, { orgId, id, fromSeq, untilSeq, messages }: FeedPage): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select feed_webhook(${orgId}, ${id}, ${fromSeq}, ${untilSeq}, ${JSON.stringify(messages)}::text::jsonb) as done`;
  return row?.done === true;
}

/** The same for a replay. */
export async function feedWebhookReplay(sql: Sql, { orgId, id, fromSeq, untilSeq, messages }: FeedPage): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select feed_webhook_replay(${orgId}, ${id}, ${fromSeq}, ${untilSeq}, ${JSON.stringify(messages)}::text::jsonb) as done`;
  return row?.done === true;
}

/** A delivery without a run. */
export interface UnstartedDelivery {
  orgId: string;
  endpointId: string;
  messageId: string;
  type: WebhookEventType;
  round: number;
}

export async function listUnstartedDeliveries(sql: Sql, { limit }: { limit: number }): Promise<UnstartedDelivery[]> {
  return sql<UnstartedDelivery[]>`
    select org_id as "orgId", endpoint_id as "endpointId", message_id as "messageId", type, round from webhooks_unstarted(${limit})`;
}

export async function noteDeliveriesStarted(sql: Sql, deliveries: readonly UnstartedDelivery[]): Promise<void> {
  const items = deliveries.map(({ orgId: org, endpointId: endpoint, messageId: message, round }) => ({ org, endpoint, message, round }));
  await sql`select note_webhooks_started(${JSON.stringify(items)}::text::jsonb)`;
}

/** Drops ended deliveries, ended replays and received messages that are older; answers how many. */
export async function pruneWebhooks(sql: Sql, { before, limit }: { before: Date; limit: number }): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select prune_webhooks(${before}, ${limit}) as count`;
  return row?.count ?? 0;
}

/** First entry of this time or later; one behind the last entry where there is none. */
export function findSeqOfTime(sql: Sql, { orgId, at }: { orgId: string; at: string }): Promise<number> {
  return asTenant(sql, orgId, async (tx) => {
    // Times never go back from entry to entry, so the spine is halved, not searched.
    const [row] = await tx<{ seq: number }[]>`
      with recursive found (low, high) as (
        select coalesce((select min(e.seq) from ledger_entry e where e.org_id = ${orgId}), 0), h.next_seq from ledger_head h where h.org_id = ${orgId}
        union all
        select case when m.at < ${at}::text::timestamptz then m.seq + 1 else f.low end, case when m.at < ${at}::text::timestamptz then f.high else (f.low + f.high) / 2 end
        from found f, lateral (
          select e.seq, e.at from ledger_entry e where e.org_id = ${orgId} and e.seq >= (f.low + f.high) / 2 order by e.seq limit 1) m
        where f.low < f.high)
      select low as seq from found where low >= high limit 1`;
    return row?.seq ?? 0;
  });
}
