import { scopesBeyond } from '../../core/access/grants.ts';
import type { Sql } from '../../db/client.ts';
import { createKey, findKey, listKeys, revokeKey } from '../../db/queries/keys.ts';
import type { KeyRow } from '../../db/queries/keys.ts';
import { findActiveMember } from '../../db/queries/members.ts';
import type { ApiKey, CreateKeyInput } from '../../schemas/key.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { mintApiKey } from '../access/key-secret.ts';
import type { Pepper } from '../access/key-secret.ts';
import { requesterOf } from '../access/principal.ts';
import type { Principal } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { startSweep } from '../start-sweep.ts';

type KeyRoutes = 'listKeys' | 'createKey' | 'revokeKey';

export interface KeyRoutesOptions {
  sql: Sql;
  runtime: GovernanceRuntime;
  pepper: Pepper;
  /** Drops a key from this process at once; the others hear of it from the database. */
  forgetKey: (keyId: string) => void;
  now: () => number;
}

export function keyRoutes({ sql, runtime, pepper, forgetKey, now }: KeyRoutesOptions): Handlers<KeyRoutes> {
  return {
    async listKeys({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const afterId = decodeCursor(cursor, 'string', { list: 'keys' }) ?? '';
      const rows = await listKeys(sql, { orgId, afterId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'keys', positionOf: ({ id }) => id, itemOf: keyOf }) };
    },

    async createKey({ body }, { principal, requestId }) {
      const { orgId } = principal;
      await assertGrantable(sql, principal, body, now());
      const { name, mode = 'live', memberId = null } = body;
      const scopes = [...new Set(body.scopes)];
      const expiresAt = body.expiresAt === undefined ? null : new Date(body.expiresAt);
      const createdBy = requesterOf(principal);
      const { id, key, hmac, pepperVersion } = mintApiKey(pepper, mode);
      const details = { mode, scopes, memberId, expiresAt: expiresAt?.toISOString() ?? null };
      const audit = auditEntry({ type: 'key.created', actor: createdBy, target: id, requestId, details });
      await createKey(sql, { orgId, id, name, mode, scopes, memberId, secretHmac: hmac, pepperVersion, createdBy, expiresAt, audit });
      // Somebody may have asked for this id before it existed.
      forgetKey(id);
      const row = await findKey(sql, { orgId, keyId: id });
      if (row === undefined) throw new Error('a key is gone right after it was created');
      return { status: 201, body: { ...keyOf(row), key } };
    },

    async revokeKey({ params: { id: keyId } }, { principal, requestId }) {
      const { orgId } = principal;
      const audit = auditEntry({ type: 'key.revoked', actor: requesterOf(principal), target: keyId, requestId });
      const revoked = await revokeKey(sql, { orgId, keyId, audit });
      // Revoking twice is no error; revoking what is not there is.
      if (!revoked && (await findKey(sql, { orgId, keyId })) === undefined) throw new HttpProblem('not-found');
      forgetKey(keyId);
      if (revoked) await startSweep({ sql, runtime }, orgId, audit);
      return { status: 204, body: null };
    },
  };
}

async function assertGrantable(sql: Sql, principal: Principal, { scopes, memberId, expiresAt }: CreateKeyInput, nowMs: number): Promise<void> {
  if (expiresAt !== undefined && Date.parse(expiresAt) <= nowMs) {
    throw new HttpProblem('validation-failed', { errors: [{ pointer: '/expiresAt', detail: 'must be in the future' }] });
  }
  const beyond = scopesBeyond(scopes, principal.scopes);
  if (beyond.length > 0)
    throw new HttpProblem('not-permitted', { detail: `nobody gives what they do not hold: ${beyond.join(', ')}`, extras: { scopes: beyond } });
  // A key that acts for a member may not make one that acts for itself, or it would outlive what binds it.
  const isUnbound = memberId === undefined;
  if (isUnbound && principal.kind === 'key' && principal.memberId !== null) {
    throw new HttpProblem('not-permitted', { detail: 'a key bound to a member creates keys bound to that member only' });
  }
  if (isUnbound) return;
  if (principal.memberId !== memberId && !principal.scopes.includes('members:manage')) {
    throw new HttpProblem('not-permitted', { detail: 'a key for another member needs the scope members:manage' });
  }
  if ((await findActiveMember(sql, { orgId: principal.orgId, memberId })) === undefined) {
    throw new HttpProblem('validation-failed', { errors: [{ pointer: '/memberId', detail: 'no such active member' }] });
  }
}

function keyOf({ createdAt, expiresAt, lastUsedAt, revokedAt, ...row }: KeyRow): ApiKey {
  return {
    ...row,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}
