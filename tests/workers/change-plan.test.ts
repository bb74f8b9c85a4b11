import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { changePlanOf } from '../../workers/change-plan.ts';
import { builtProduct } from '../support/built-product.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addOrganization } from '../support/ledger-records.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

interface Ended {
  code?: number;
  stdout: string;
  stderr: string;
}

/** The command as an operator calls it. */
const command = (...args: string[]): Promise<Ended> =>
  promisify(execFile)(process.execPath, [builtProduct('workers/change-plan.js'), ...args], {
    env: { ...process.env, DATABASE_URL: database.appUrl, MASTGUARD_MASTER_KEY: 'ab'.repeat(32) },
  }).catch((error: unknown) => error as Ended);

test('the command changes a plan and says what a shorter retention will take, and when', async () => {
  const org = await addOrganization(database.appSql);
  const { stdout } = await command('--org', org, '--plan', 'free');
  expect(JSON.parse(stdout)).toMatchObject({
    status: 'changed',
    orgId: org,
    plan: 'free',
    retentionDays: 7,
    reduction: { days: 7, goes: { auditRecords: 1 } },
  });
});

test('the command refuses what is no plan and no organisation', async () => {
  expect(await command('--org', 'x', '--plan', 'gold')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/--org.*\n--plan/) });
  const org = randomUUID();
  expect(await command('--org', org, '--plan', 'pro')).toMatchObject({ code: 1, stdout: '', stderr: `there is no organisation ${org}\n` });
});

test('a plan that does not exist is refused before anything is written', async () => {
  const org = await addOrganization(database.appSql);
  await expect(changePlanOf(database.appSql, { org, plan: 'gold' as never })).rejects.toThrow('plan');
});
