import type { Sql } from '../../db/client.ts';
import { createSubjectVault, type SubjectVault } from '../../db/subject-vault.ts';

/** Where a test has no master key of its own. */
export const TEST_MASTER_KEY = Buffer.alloc(32, 7);

/** Personal fields of a test's database. */
export const testVault = (sql: Sql, masterKey: Uint8Array = TEST_MASTER_KEY): SubjectVault => createSubjectVault({ sql, masterKey });
