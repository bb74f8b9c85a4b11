import type { Sql } from '../../db/client.ts';
import { createInboundSecret, findInboundSecret, type InboundSecretRow, listInboundSecrets, revokeInboundSecret } from '../../db/queries/inbound-webhooks.ts';
import { findActiveMember } from '../../db/queries/members.ts';
import type { WebhookSeals } from '../../db/webhook-seal.ts';
import type { InboundSecret } from '../../schemas/inbound-webhook.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { type Principal, requesterOf } from '../access/principal.ts';
import { drawWebhookSecret } from '../access/webhook-keys.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { startSweep } from '../start-sweep.ts';

export interface InboundSecretRoutesOptions {
  sql: Sql;
  runtime: Pick<GovernanceRuntime, 'sweep'>;
  seal: WebhookSeals['inbound'];
  /** Without a slash at the end. */
  publicUrl: string;
  now: () => number;
}

/** All of them are tried on each message that comes in. */
export const MOST_SECRETS = 20;

export function inboundSecretRoutes({
  sql,
  runtime,
  seal,
  publicUrl,
  now,
}: InboundSecretRoutesOptions): Handlers<'listInboundSecrets' | 'createInboundSecret' | 'revokeInboundSecret'> {
  /** A secret speaks for its members, so it is given out as a key of theirs would be. */
  const assertMayNameMembers = async (principal: Principal, members: readonly string[]): Promise<void> => {
    if (members.length === 0) return;
    if (!principal.scopes.includes('hitl:decide')) throw new HttpProblem('not-permitted', { detail: 'nobody gives what they do not hold: hitl:decide' });
    if (members.some((memberId) => memberId !== principal.memberId) && !principal.scopes.includes('members:manage')) {
      throw new HttpProblem('not-permitted', { detail: 'a secret that speaks for another member needs the scope members:manage' });
    }
    for (const [index, memberId] of members.entries()) {
      if ((await findActiveMember(sql, { orgId: principal.orgId, memberId })) === undefined) {
        throw new HttpProblem('validation-failed', { errors: [{ pointer: `/members/${index}`, detail: 'no such active member' }] });
      }
    }
  };

  return {
    async listInboundSecrets({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const afterId = decodeCursor(cursor, 'string', { list: 'inbound-secrets' }) ?? '';
      const rows = await listInboundSecrets(sql, { orgId, afterId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'inbound-secrets', positionOf: ({ id }) => id, itemOf: secretOf }) };
    },

    async createInboundSecret({ body }, { principal, requestId }) {
      const { orgId } = principal;
      const members = [...new Set(body.members)];
      await assertMayNameMembers(principal, members);
      if (body.expiresAt !== undefined && Date.parse(body.expiresAt) <= now()) {
        throw new HttpProblem('validation-failed', { errors: [{ pointer: '/expiresAt', detail: 'must be in the future' }] });
      }
      const id = newId('whi');
      const secret = drawWebhookSecret();
      const createdBy = requesterOf(principal);
      const expiresAt = body.expiresAt === undefined ? null : new Date(body.expiresAt);
      const details = { members, expiresAt: expiresAt?.toISOString() ?? null };
      const audit = auditEntry({ type: 'webhook.inbound-secret-created', actor: createdBy, target: id, requestId, details });
      const sealed = seal.seal({ secret }, { orgId, id });
      if (!(await createInboundSecret(sql, { orgId, id, name: body.name, members, secret: sealed, createdBy, expiresAt, most: MOST_SECRETS, audit }))) {
        throw new HttpProblem('conflict', { detail: `an organisation has ${MOST_SECRETS} secrets in force at most` });
      }
      const row = await findInboundSecret(sql, { orgId, secretId: id });
      if (row === undefined) throw new Error('a secret is gone right after it was created');
      return { status: 201, body: { ...secretOf(row), secret, url: `${publicUrl}/api/v1/webhooks/${orgId}/inbound` } };
    },

    async revokeInboundSecret({ params: { id: secretId } }, { principal, requestId }) {
      const { orgId } = principal;
      const audit = auditEntry({ type: 'webhook.inbound-secret-revoked', actor: requesterOf(principal), target: secretId, requestId });
      // Revoking twice is no error; revoking what is not there is.
      const isRevoked = await revokeInboundSecret(sql, { orgId, secretId, audit });
      if (!isRevoked && (await findInboundSecret(sql, { orgId, secretId })) === undefined) throw new HttpProblem('not-found');
      if (isRevoked) await startSweep({ sql, runtime }, orgId, audit);
      return { status: 204, body: null };
    },
  };
}

function secretOf({ secret: _sealed, createdAt, expiresAt, revokedAt, ...row }: InboundSecretRow): InboundSecret {
  return { ...row, createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null, revokedAt: revokedAt?.toISOString() ?? null };
}
