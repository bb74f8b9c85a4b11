import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';

/** Whether the key (`key:<id>`), or the secret (`webhook:<id>`), that somebody came by is revoked. A session that has ended has decided nothing since. */
export async function isRevoked(sql: Sql, { orgId, via }: { orgId: string; via: string | undefined }): Promise<boolean> {
  const [, kind, id = ''] = /^(key|webhook):(.+)$/.exec(via ?? '') ?? [];
  if (kind === undefined) return false;
  const rows = await asTenant(sql, orgId, (tx) =>
    kind === 'key'
      ? tx`select 1 from api_key where org_id = ${orgId} and id = ${id} and revoked_at is not null`
      : tx`select 1 from webhook_inbound_secret where org_id = ${orgId} and id = ${id} and revoked_at is not null`,
  );
  return rows.length > 0;
}
