import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { type AttackGroup, allAttacks, shortSelection } from './all-attacks.ts';
import { type Attack, hit } from './attack.ts';
import { runMatrix } from './run-matrix.ts';
import { buildScene, type Scene } from './scene/scene.ts';

describe('tampering', () => {
  let database: TestDatabase;
  let scene: Scene;
  let groups: AttackGroup[];

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.appSql.end({ timeout: 5 });
    const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    groups = await allAttacks(admin);
    await admin.end({ timeout: 5 });
    scene = await buildScene({ serverUrl: process.env['TEST_ADMIN_DATABASE_URL'] ?? '', template: new URL(database.adminUrl).pathname.slice(1) });
  });

  afterAll(async () => {
    await scene?.close();
    await database.drop();
  });

  test('a history nobody has touched has no findings, and every kind of attack is found by both verifiers, exactly', async () => {
    const attacks = shortSelection(groups);
    const results = await runMatrix({ scene, attacks });
    expect(results.map(({ attack, ours, neighbour }) => ({ name: attack.name, ours, neighbour }))).toEqual(
      attacks.map(({ name, finds, neighbour }) => ({ name, ours: [finds, finds], neighbour: neighbour === undefined ? [[]] : [neighbour, neighbour] })),
    );
  }, 300_000);

  test('a finding that nobody expects, and one that is missing, make the matrix fail', async () => {
    const silent: Attack = { name: 'silent', tamper: () => Promise.resolve(), finds: ['HEAD_MISMATCH head'] };
    const loud: Attack = {
      ...silent,
      name: 'loud',
      finds: [],
      harmless: 'is not',
      tamper: async ({ sql }) => void (await sql`update ledger_head set next_seq = next_seq + 1`),
    };
    const results = await runMatrix({ scene, attacks: [silent, loud] });
    expect(results.map(({ isExpected, isMissed }) => ({ isExpected, isMissed }))).toEqual([
      { isExpected: false, isMissed: true },
      { isExpected: false, isMissed: false },
    ]);
  });

  test('an attack that changes nothing is an error', async () => {
    const idle: Attack = { name: 'idle', finds: [], harmless: 'is not', tamper: ({ sql }) => hit(sql, 'update ledger_head set next_seq = 1 where false') };
    await expect(runMatrix({ scene, attacks: [idle] })).rejects.toMatchObject({
      message: 'the attack «idle» could not be made',
      cause: { message: expect.stringContaining('nothing was tampered with') as string },
    });
  });
});
