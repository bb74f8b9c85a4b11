import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NoTarget, verifyTarget } from '../../db/verify-target.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mastguard-verify-target-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));
const leave = (runtime: object): void => writeFileSync(join(home, 'runtime.json'), JSON.stringify(runtime));

test('without a word it is the ledger of the product that runs here', () => {
  leave({ orgId: 'org-1', databaseUrl: 'postgres://here/a' });
  expect(verifyTarget([], { MASTGUARD_HOME: home })).toEqual({ orgId: 'org-1', databaseUrl: 'postgres://here/a', role: 'mg_app' });
});

test('what is named goes before what runs here, each by itself', () => {
  leave({ orgId: 'org-1', databaseUrl: 'postgres://here/a' });
  const elsewhere = { MASTGUARD_HOME: home, DATABASE_URL: 'postgres://there/b', DATABASE_ROLE: 'auditor' };
  expect(verifyTarget(['org-2'], { MASTGUARD_HOME: home })).toMatchObject({ orgId: 'org-2', databaseUrl: 'postgres://here/a' });
  expect(verifyTarget(['org-2'], elsewhere)).toEqual({ orgId: 'org-2', databaseUrl: 'postgres://there/b', role: 'auditor' });
});

test('where nothing runs, and nothing is named, it says what it needs', () => {
  expect(() => verifyTarget([], { MASTGUARD_HOME: home })).toThrow(NoTarget);
  expect(() => verifyTarget(['org-2'], { MASTGUARD_HOME: home })).toThrow('npm start');
  writeFileSync(join(home, 'runtime.json'), 'half a file {');
  expect(() => verifyTarget([], { MASTGUARD_HOME: home })).toThrow(NoTarget);
});
