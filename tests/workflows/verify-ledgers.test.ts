import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { CheckAddress, CheckedLedger } from '../../activities/ledger-check.ts';
import { verifyLedgerId } from '../../workflows/ids.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import type { verifyLedgers } from '../../workflows/verify-ledgers.ts';
import { openScene, type Scene } from './scene.ts';

const FIRST = { orgId: randomUUID(), checkId: 'chk_first' };
const SECOND = { orgId: randomUUID(), checkId: 'chk_second' };

let scene: Scene;
let begin: () => void;
const begun = new Promise<void>((resolve) => (begin = resolve));
const ended: string[] = [];
beforeAll(async () => {
  scene = await openScene(TASK_QUEUE.maintenance, {
    openChecks: async () => ({ checks: [FIRST, SECOND], next: null }),
    async checkLedger({ checkId }: CheckAddress): Promise<CheckedLedger> {
      if (checkId === SECOND.checkId) return { status: 'finished', total: 1, done: 1, findings: 0 };
      begin();
      const beats = setInterval(() => Context.current().heartbeat(), 100);
      return Context.current().cancelled.finally(() => clearInterval(beats));
    },
    endCheck: async ({ checkId }: CheckAddress) => void ended.push(checkId),
  });
});
afterAll(() => scene.close());

test('a check whose run is cancelled keeps no other ledger from being verified that day', async () => {
  const daily = await scene.client.workflow.start<typeof verifyLedgers>('verifyLedgers', { taskQueue: TASK_QUEUE.maintenance, workflowId: 'daily' });
  await begun;
  await scene.client.workflow.getHandle(verifyLedgerId(FIRST.orgId, FIRST.checkId)).cancel();
  expect(await daily.result()).toEqual({ checked: 1, withFindings: 0, left: 1 });
  expect(ended).toEqual([FIRST.checkId]);
});
