import { measureOverload } from '../../bench/overload.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { type House, openHouse } from '../support/house.ts';
import { openTestPool } from '../support/database.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.close());

// How fast the accepted ones are is a figure of `npm run bench -- overload`, not of a test.
test('three times what the product can take: decided or refused with Retry-After, the line stays bounded, and nothing is lost', async () => {
  const { orgId, attempts, acknowledged, capacityPerSec, mostUnderWay, memoryMiB, withinASecondShare } = await measureOverload(house);
  const decided = attempts.filter(({ status }) => status === 200);
  const refused = attempts.filter(({ status }) => status === 503);
  process.stderr.write(`overload: ${JSON.stringify({ capacityPerSec, decided: decided.length, refused: refused.length, mostUnderWay, withinASecondShare })}\n`);
  expect(decided.length + refused.length).toBe(attempts.length);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.every(({ retryAfter }) => Number(retryAfter) >= 1)).toBe(true);
  expect(decided.length).toBeGreaterThan(0);
  // Far fewer than were offered: refused requests do not pile up.
  expect(mostUnderWay).toBeLessThan(attempts.length / 2);
  expect(memoryMiB.after - memoryMiB.before).toBeLessThan(150);

  const admin = openTestPool({ url: house.adminUrl, maxConnections: 1 });
  try {
    const rows = await admin<{ id: string }[]>`select event_id as id from agent_events where org_id = ${orgId}`;
    const recorded = new Set(rows.map(({ id }) => id));
    expect(rows).toHaveLength(recorded.size);
    expect([...acknowledged].filter((id) => !recorded.has(id))).toEqual([]);
    expect((await verifyLedger(admin, orgId)).findings).toEqual([]);
  } finally {
    await admin.end({ timeout: 1 });
  }
});
