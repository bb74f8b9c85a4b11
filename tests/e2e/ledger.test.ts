import { randomInt } from 'node:crypto';
import { runLedgerDrill } from '../chaos/ledger/ledger-drill.ts';
import { type House, openHouse } from '../support/house.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** `CHAOS_SEED` repeats a run. The longer form is `npm run chaos -- ledger`. */
const seed = Number(process.env['CHAOS_SEED'] ?? randomInt(1_000_000));
const random = seededRandom(seed);
let house: House;

beforeAll(async () => {
  process.stderr.write(`ledger drills: seed ${seed}\n`);
  house = await openHouse({ signer: true });
});
afterAll(() => house?.close());

describe('every receipt is an entry of one history, and every reader is shown the same one', () => {
  test('while writers and readers work at once', async () => {
    const { violations, proofs, checkpoints } = await runLedgerDrill({ house, random, seconds: 12 });
    expect({ seed, violations }).toEqual({ seed, violations: [] });
    expect(proofs).toBeGreaterThan(0);
    expect(checkpoints).toBeGreaterThan(1);
  });

  test('while signer, database and worker are killed in turn', async () => {
    const { violations, kills } = await runLedgerDrill({ house, random, seconds: 12, kills: ['signer', 'postgres', 'api'] });
    expect({ seed, violations }).toEqual({ seed, violations: [] });
    expect(kills).toBeGreaterThan(2);
  });
});
