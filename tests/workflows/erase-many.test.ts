import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { ErasedPage, ErasurePageRequest } from '../../activities/erasure.ts';
import type { eraseSubject } from '../../workflows/erase-subject.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import { openScene, type Scene } from './scene.ts';

const PAGES = 40;
/** A tenth of what makes the server suggest a new history, with the request and the answer it is in. */
const LONG = 'x'.repeat(200_000);

let scene: Scene;
const asked: { page: number; done: number; runId: string }[] = [];
const completed: string[] = [];
beforeAll(async () => {
  scene = await openScene(TASK_QUEUE.maintenance, {
    async erasePage({ place, done }: ErasurePageRequest): Promise<ErasedPage> {
      const page = place.part === 'unnamed' ? Number(place.cursor?.split(' ')[0]) : 0;
      const isFirstPass = !asked.some((other) => other.page === PAGES - 1);
      asked.push({ page, done, runId: Context.current().info.workflowExecution?.runId ?? '' });
      return {
        status: 'running',
        total: PAGES,
        done: done + 1,
        found: isFirstPass && page === 0 ? 1 : 0,
        open: 0,
        next: page + 1 === PAGES ? null : { part: 'unnamed', cursor: `${page + 1} ${LONG}` },
      };
    },
    completeErasure: async ({ erasureId }: { erasureId: string }) => void completed.push(erasureId),
  });
});
afterAll(() => scene.close());

test('a pass with more pages than a history holds goes on in the next history, at the page where it was', async () => {
  const orgId = randomUUID();
  const options = { taskQueue: TASK_QUEUE.maintenance, workflowId: `era/${orgId}/era_many`, args: [{ orgId, erasureId: 'era_many' }] as [never] };
  expect(await scene.client.workflow.execute<typeof eraseSubject>('eraseSubject', options)).toEqual({ status: 'completed', passes: 2 });
  expect(asked.map(({ page, done }) => [page, done])).toEqual(Array.from({ length: 2 * PAGES }, (_, at) => [at % PAGES, at % PAGES]));
  expect(new Set(asked.slice(0, PAGES).map(({ runId }) => runId)).size).toBeGreaterThan(1);
  expect(completed).toEqual(['era_many']);
});
