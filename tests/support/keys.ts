import { randomBytes } from 'node:crypto';
import type { Sql } from '../../db/client.ts';
import { createKey } from '../../db/queries/keys.ts';
import { auditOf } from './ledger-records.ts';

/** A key that nobody holds the secret of; answers its id. */
export async function addKey(sql: Sql, orgId: string): Promise<string> {
  const id = randomBytes(4).toString('hex');
  const key = { name: 'test', mode: 'live', scopes: ['events:write'], memberId: null, secretHmac: Buffer.alloc(32), pepperVersion: 1 } as const;
  await createKey(sql, { ...key, orgId, id, createdBy: 'system', expiresAt: null, audit: auditOf('key.created') });
  return id;
}
