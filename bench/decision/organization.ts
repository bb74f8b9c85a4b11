import { randomUUID } from 'node:crypto';
import { mintApiKey, pepperOf } from '../../api/access/key-secret.ts';
import { auditEntry } from '../../api/audit.ts';
import type { Sql } from '../../db/client.ts';
import { createKey } from '../../db/queries/keys.ts';
import { createOrganization } from '../../db/queries/organizations.ts';

/** An organisation without a policy and a key that may post events; answers the key. */
export async function addBenchOrganization(sql: Sql, masterKey: Buffer): Promise<string> {
  const orgId = randomUUID();
  const audit = (type: string) => auditEntry({ type, actor: 'system', requestId: 'bench' });
  await createOrganization(sql, { orgId, name: 'Bench', plan: 'pro', retentionDays: 90, eventQuota: null, audit: audit('organization.created') });
  const { id, key, hmac, pepperVersion } = mintApiKey(pepperOf(masterKey), 'live');
  const common = { orgId, id, name: 'bench', mode: 'live' as const, scopes: ['events:write' as const], memberId: null, createdBy: 'system', expiresAt: null };
  await createKey(sql, { ...common, secretHmac: hmac, pepperVersion, audit: audit('key.created') });
  return key;
}
