import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSubjectVault } from '../db/subject-vault.ts';
import { openHouse } from '../tests/support/house.ts';
import { addTestOrganization } from '../tests/support/product.ts';
import type { BatchDecisionAnswer } from '../schemas/batch-decision.ts';
import type { Review } from '../schemas/review.ts';
import { askingPolicy, fillQueue, openReviews } from './reviews/open-reviews.ts';
import { createApiCaller } from './reviews/api-caller.ts';
import { figuresOf, printFigures } from './reviews/figures.ts';

export interface ReviewsBenchOptions {
  open?: number;
  rounds?: number;
  pages?: number;
  singles?: number;
}

const BATCH = 100;

/**
 * What reviewers wait for, with 10,000 reviews open in their organisation: a batch of a hundred, a page of the queue, one decision. They take
 * turns, so that a busy moment strikes all of them. Targets: a page under 100 ms, a batch under 10 s.
 */
export async function runReviewsBench({ open = 10_000, rounds = 5, pages = 40, singles = 20 }: ReviewsBenchOptions = {}): Promise<void> {
  const house = await openHouse();
  try {
    const organization = await addTestOrganization(house.sql, house.masterKey, { policy: askingPolicy });
    const call = createApiCaller(house.apiUrl);
    const agent = organization.apiKey;
    const reviewer = await organization.keyOf('Reviewer');
    await fillQueue(createSubjectVault({ sql: house.sql, masterKey: house.masterKey }), { orgId: organization.orgId, count: open });

    const nextPage = async (cursor: string | null): Promise<string | null> => {
      const { nextCursor } = await call<{ data: Review[]; nextCursor: string | null }>(
        'GET',
        `/api/v1/hitl/queue?limit=50${cursor === null ? '' : `&cursor=${cursor}`}`,
        reviewer,
      );
      return nextCursor;
    };
    const batchesMs: number[] = [];
    const pagesMs: number[] = [];
    const singlesMs: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      // The first round warms up: a service is measured as it runs.
      const counts = round > 0;
      const measure = async <T>(into: number[], work: () => Promise<T>): Promise<T> => {
        const startMs = performance.now();
        const answer = await work();
        if (counts) into.push(performance.now() - startMs);
        return answer;
      };

      const batch = await openReviews(call, agent, BATCH);
      // Nobody decides a review in the second it is opened: its run has come to rest.
      await sleep(3_000);
      const decisions = batch.map((reviewId, index) => ({ reviewId, verb: (['approve', 'reject', 'abstain'] as const)[index % 3], reason: 'benchmark' }));
      const { data } = await measure(batchesMs, () => call<{ data: BatchDecisionAnswer[] }>('POST', '/api/v1/hitl/decisions', reviewer, { decisions }));
      const refused = data.find(({ status }) => status !== 'recorded');
      if (refused !== undefined) throw new Error(`a decision of the batch was not recorded: ${JSON.stringify(refused)}`);

      let cursor: string | null = null;
      for (let page = 0; page < pages; page += 1) cursor = await measure(pagesMs, () => nextPage(cursor));

      for (const reviewId of await openReviews(call, agent, singles)) {
        await measure(singlesMs, () => call('POST', `/api/v1/hitl/reviews/${reviewId}/decision`, reviewer, { verb: 'approve', reason: randomUUID() }));
      }
    }
    printFigures([figuresOf(`batch of ${BATCH}`, batchesMs), figuresOf(`queue page of 50, ${open} open`, pagesMs), figuresOf('single decision', singlesMs)]);
  } finally {
    await house.close();
  }
}
