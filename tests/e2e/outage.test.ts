import { randomInt } from 'node:crypto';
import type { Drill } from '../chaos/drill.ts';
import { killApi, readOnlyLedger, restartPostgres, restartTemporal } from '../chaos/outages.ts';
import { pendingReviews } from '../chaos/pending-reviews.ts';
import { type House, openHouse } from '../support/house.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** `CHAOS_SEED` repeats a run. The longer form of the same drills is `npm run chaos`. */
const seed = Number(process.env['CHAOS_SEED'] ?? randomInt(1_000_000));
const random = seededRandom(seed);
let house: House;

beforeAll(async () => {
  process.stderr.write(`outage drills: seed ${seed}\n`);
  house = await openHouse();
});
afterAll(() => house?.close());

const passes = async (drill: Drill): Promise<void> => {
  const { violations, audit } = await drill.run(house, random, { events: 120, toleranceMs: 30_000 });
  expect({ seed, violations }).toEqual({ seed, violations: [] });
  expect(audit.recorded).toBe(audit.posted);
};

describe('nothing acknowledged is lost, doubled or answered otherwise', () => {
  test('when the API and its worker are killed under load', () => passes(killApi));
  // How prompt to the second is a figure of `npm run chaos`.
  test('when PostgreSQL is killed under load; meanwhile every answer is a prompt 503', () => passes(restartPostgres));
  test('when Temporal is killed under load; meanwhile all that is recorded can be read and retried', () => passes(restartTemporal));
  test('when the database refuses to write under load', () => passes(readOnlyLedger));
  test('when everything is killed while reviews wait; they go on where they were', () => passes(pendingReviews));
});
