import type { ConsumeRefusal } from '../../schemas/review.ts';
import type { Sql } from '../client.ts';
import type { StepEntry } from './review-steps.ts';

export interface ConsumeQuery {
  orgId: string;
  reviewId: string;
  /** Of the action about to be done, hex. */
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
  /** JSON text of the ladder's state. */
  state: string;
  consumedAt: Date | null;
  seq: number | null;
  entryHash: string | null;
}

/** Uses an approval once. Undefined when the organisation has no such review, or the review is no gate. */
export async function consumeApproval(sql: Sql, { orgId, reviewId, digest, consumer, entry }: ConsumeQuery): Promise<ConsumeRow | undefined> {
  const [row] = await sql<ConsumeRow[]>`
    select result, status, event_id as "eventId", state, consumed_at as "consumedAt", seq, encode(entry_hash, 'hex') as "entryHash"
    from review_consume(${orgId}, ${reviewId}, ${digest}, ${consumer}, ${JSON.stringify(entry)}::text::jsonb)`;
  return row;
}
