import { randomUUID } from 'node:crypto';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { findErasure } from '../../db/queries/erasures.ts';
import { leaveErasure, startLeft } from './erasures.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import { atRest, eventNames } from './run-history.ts';
import { openStage, type Stage } from './stage.ts';
import { SHORT_LADDER } from '../support/policies.ts';
import { until } from '../support/until.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ policy: SHORT_LADDER });
  await stage.open(['api', 'decision', 'hitl', 'maintenance']);
});
afterAll(() => stage.stop());

test('an erasure that nobody has started is taken up by the watch for what was left lying', async () => {
  const { orgId, erasureId } = await leaveErasure(stage);
  // Also where the run of this minute is under way, which may have looked before.
  await stage.temporal.schedule.getHandle('resume-sweeps').trigger(ScheduleOverlapPolicy.BUFFER_ONE);
  expect(await until(async () => ((await findErasure(stage.sql, { orgId, erasureId }))?.done ?? 0) > 0)).toBe(true);
});

test('a run that waits for what is open is left to its waits by that watch', async () => {
  const handle = await startLeft(stage, await leaveErasure(stage, 'transfer'));
  await atRest(handle);
  await stage.temporal.workflow.execute('resumeSweeps', { taskQueue: TASK_QUEUE.maintenance, workflowId: `resume-${randomUUID()}` });
  expect((await eventNames(handle)).filter((name) => name === 'WORKFLOW_EXECUTION_SIGNALED')).toHaveLength(1);
  await handle.terminate('seen');
});

test('a run that is cancelled ends its erasure, and says so on record', async () => {
  const erasure = await leaveErasure(stage, 'transfer');
  const handle = await startLeft(stage, erasure);
  await atRest(handle);
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow();
  const row = await findErasure(stage.sql, erasure);
  expect(row?.status).toBe('cancelled');
  // At the latest: the end of what is open, and the retention of the namespace.
  expect(row?.historiesGoneAt?.getTime()).toBeGreaterThan(Date.now() + 80_000_000);
});
