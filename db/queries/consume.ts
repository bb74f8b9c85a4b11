import type { ConsumeRefusal } from '../../schemas/review.ts';
import type { Sql } from '../client.ts';
import type { StepEntry } from './review-steps.ts';

export interface ConsumeQuery {
  orgId: string;
  reviewId: string;
  /** Of the action about to be done, in the form the row has it: keyed, or plain in a row of 0.1.0. */
  digest: string;
  /** Names the caller's try: the same name again is answered as before. */
  consumer: string;
  /** What is recorded where the approval is used. */
  entry: StepEntry;
}

export interface ConsumeRow {
  result: 'proceed' | ConsumeRefusal;
  status: string;
  eventId: string;
  consumedAt: Date | null;
  seq: number | null;
  entryHash: string | null;
}

/** Uses an approval once. Undefined when the organisation has no such review, or the review is no gate. */
export async function consumeApproval(sql: Sql, { orgId, reviewId, digest, consumer, entry }: ConsumeQuery): Promise<ConsumeRow | undefined> {
  const [row] = await sql<ConsumeRow[]>`
    select result, status, event_id as "eventId", consumed_at as "consumedAt", seq, encode(entry_hash, 'hex') as "entryHash"
    from review_consume(${orgId}, ${reviewId}, ${digest}, ${consumer}, ${JSON.stringify(entry)}::text::jsonb)`;
  return row;
}
