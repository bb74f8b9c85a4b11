import { passwordMatches } from '../../api/access/password.ts';
import { findSignInCandidates } from '../../db/queries/sessions.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createOrganizationWithOwner } from '../../workers/create-organization.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('a new organisation has an Owner who can sign in, its plan, and a ledger that begins with both', async () => {
  const created = await createOrganizationWithOwner(database.appSql, { name: 'Acme', plan: 'free', email: 'Owner@acme.example.com' });
  const [candidate] = await findSignInCandidates(database.appSql, { email: 'owner@acme.example.com' });
  expect(candidate).toMatchObject({ orgId: created.orgId });
  expect(await passwordMatches(created.ownerPassword, candidate?.passwordHash ?? null)).toBe(true);
  expect(await verifyLedger(database.appSql, created.orgId)).toMatchObject({ entries: 2, findings: [] });
});

test('a plan that does not exist and an address that is none are refused before anything is written', async () => {
  await expect(createOrganizationWithOwner(database.appSql, { name: 'Acme', plan: 'gold' as never, email: 'owner@example.com' })).rejects.toThrow('plan');
  await expect(createOrganizationWithOwner(database.appSql, { name: 'Acme', plan: 'pro', email: 'nobody' })).rejects.toThrow('email');
});
