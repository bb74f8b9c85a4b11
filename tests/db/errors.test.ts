import { isDatabaseAway } from '../../db/errors.ts';
import { openDatabase } from '../../db/client.ts';
import { openTestPool } from '../support/database.ts';

describe('isDatabaseAway', () => {
  test.each([
    'CONNECTION_CLOSED',
    'CONNECT_TIMEOUT',
    'ECONNREFUSED',
    'ECONNRESET',
    'EAI_AGAIN',
    '08006',
    '53100',
    '57P01',
    '57014',
    '58030',
    '25006',
    '40001',
    '40P01',
  ])('%s may pass', (code) => {
    expect(isDatabaseAway(Object.assign(new Error('x'), { code }))).toBe(true);
  });

  test.each(['23505', '42501', '22P05', '23514', 'P0001', '25P02', 'ledger-queue-full'])('%s will come again', (code) => {
    expect(isDatabaseAway(Object.assign(new Error('x'), { code }))).toBe(false);
  });

  test.each([undefined, null, 'text', new Error('no code'), { code: 8006 }])('%p is no sign of an absent database', (error) => {
    expect(isDatabaseAway(error)).toBe(false);
  });

  test('the driver says so of a port where nothing listens', async () => {
    const sql = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', maxConnections: 1 });
    const error: unknown = await sql`select 1`.catch((reason: unknown) => reason);
    await sql.end({ timeout: 1 });
    expect(isDatabaseAway(error)).toBe(true);
  });

  test('the driver says so of a statement that ran into its time limit, and not of one that is wrong', async () => {
    const sql = openTestPool({ url: process.env['TEST_ADMIN_DATABASE_URL'] ?? '', maxConnections: 1 });
    // For this one alone: a busy server may take its time for the other.
    const late: unknown = await sql
      .begin(async (tx) => {
        await tx`set local statement_timeout = 20`;
        await tx`select pg_sleep(60)`;
      })
      .catch((reason: unknown) => reason);
    const wrong: unknown = await sql`select 1 / 0`.catch((reason: unknown) => reason);
    await sql.end({ timeout: 1 });
    expect([isDatabaseAway(late), isDatabaseAway(wrong)]).toEqual([true, false]);
  });
});
