import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from '../../db/client.ts';
import { type FeedPlace, type FeedRow, findFeedEnd, listChangedReviews } from '../../db/queries/review-feed.ts';
import type { ReviewLine } from '../../schemas/review-feed.ts';
import type { StreamEvent } from '../../schemas/route.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { HttpProblem, retryAfter } from '../problem.ts';

export interface ReviewFeedDeps {
  sql: Sql;
  runtime: GovernanceRuntime;
  /** Of one organisation, in this process. */
  maxConnections?: number;
}

const PAGE_SIZE = 200;
/** Changes come in bursts: whoever reads waits this long for the rest of one. */
const BURST_MS = 50;
/** Nothing is lost between two notices; this is for the case that one is. */
const LOOK_AGAIN_MS = 60_000;

/** Tells of reviews as they open and change. A review that changed several times between two looks is told of once, as it stands. */
export function reviewFeedRoutes({ sql, runtime, maxConnections = 50 }: ReviewFeedDeps): Handlers<'followReviews'> {
  const connections = new Map<string, number>();
  const enter = (orgId: string): (() => void) => {
    const count = connections.get(orgId) ?? 0;
    if (count >= maxConnections) {
      throw new HttpProblem('rate-limited', { detail: `an organisation reads at most ${maxConnections} feeds at once`, headers: retryAfter(5_000) });
    }
    connections.set(orgId, count + 1);
    return () => {
      const left = (connections.get(orgId) ?? 1) - 1;
      if (left === 0) connections.delete(orgId);
      else connections.set(orgId, left);
    };
  };

  return {
    async *followReviews({ query: { after }, headers }, { principal: { orgId }, signal }) {
      const leave = enter(orgId);
      const gone = new AbortController();
      const onGone = (): void => gone.abort();
      signal.addEventListener('abort', onGone, { once: true });
      if (signal.aborted) gone.abort();
      try {
        const asked = placeOf(headers['last-event-id'] ?? after);
        const end = await findFeedEnd(sql, { orgId });
        // A place that was never reached is from another database: nothing can be said about what came after it.
        const resumed = asked !== null && asked.seq <= end;
        let place = resumed ? asked : { seq: end, reviewId: null };
        yield { event: 'ready', id: textOf(place), data: { resumed } };
        while (!gone.signal.aborted) {
          // Listens before it reads, so that no change falls between the two.
          const changed = runtime.queueChanged(orgId, { timeoutMs: LOOK_AGAIN_MS, signal: gone.signal });
          for (let hasMore = true; hasMore && !gone.signal.aborted;) {
            const rows = await listChangedReviews(sql, { orgId, after: place, limit: PAGE_SIZE + 1 });
            hasMore = rows.length > PAGE_SIZE;
            for (const [index, row] of rows.slice(0, PAGE_SIZE).entries()) {
              place = placeBehind(row, rows[index + 1]);
              yield eventOf(row, place);
            }
          }
          await changed;
          await sleep(BURST_MS, undefined, { signal: gone.signal }).catch(() => undefined);
        }
      } finally {
        signal.removeEventListener('abort', onGone);
        gone.abort();
        leave();
      }
    },
  };
}

function placeBehind({ changedSeq: seq, id }: FeedRow, next: FeedRow | undefined): FeedPlace {
  return { seq, reviewId: next?.changedSeq === seq ? id : null };
}

const textOf = ({ seq, reviewId }: FeedPlace): string => (reviewId === null ? String(seq) : `${seq}:${reviewId}`);

function placeOf(text: string | undefined): FeedPlace | null {
  if (text === undefined) return null;
  const [seq, reviewId = null] = text.split(':');
  return { seq: Number(seq), reviewId };
}

function eventOf({ createdAt, dueAt, decidedAt, ...row }: FeedRow, place: FeedPlace): StreamEvent {
  const line: ReviewLine = { ...row, createdAt: createdAt.toISOString(), dueAt: dueAt?.toISOString() ?? null, decidedAt: decidedAt?.toISOString() ?? null };
  return { event: 'review', id: textOf(place), data: line };
}
