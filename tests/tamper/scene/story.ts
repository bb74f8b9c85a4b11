import { auditEntry } from '../../../api/audit.ts';
import { canonicalize } from '../../../core/json/canonical.ts';
import { activatePolicy, createPolicy } from '../../../db/queries/policies.ts';
import { createMember } from '../../../db/queries/members.ts';
import { createOrganization } from '../../../db/queries/organizations.ts';
import { putAgent } from '../../../db/queries/agents.ts';
import { placeHold, releaseHold } from '../../../db/queries/holds.ts';
import type { Json } from '../../../schemas/json.ts';
import type { PolicySet } from '../../../schemas/policy.ts';
import { AT, NEIGHBOUR, OTHERS, OURS } from './landmarks.ts';
import type { Stage } from './stage.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const FIRST_DAY_MS = Date.UTC(2026, 2, 2, 8);
const LATER_MS = FIRST_DAY_MS + 8 * DAY_MS;
const REVIEWER = 'mem_reviewer';

const audit = (type: string, details: { [key: string]: Json } = {}, target?: string) =>
  auditEntry({ type, actor: 'system', requestId: 'req_scene', details, ...(target === undefined ? {} : { target }) });

/** The first day, up to `AT.early`. Everything is kept for seven days. */
export async function firstDay(stage: Stage): Promise<void> {
  const { sql, admin, clock, signer, fill, decide } = stage;
  await admin`select ensure_ledger_partitions(to_timestamp(${FIRST_DAY_MS / 1_000}), to_timestamp(${LATER_MS / 1_000}) + interval '2 days')`;
  for (const orgId of [OURS, NEIGHBOUR]) {
    await createOrganization(sql, { orgId, name: 'Example', plan: 'free', retentionDays: 7, eventQuota: null, audit: audit('organization.created') });
  }
  for (const orgId of OTHERS) {
    await createOrganization(sql, { orgId, name: 'Example', plan: 'enterprise', retentionDays: 2555, eventQuota: null, audit: audit('organization.created') });
  }
  await createMember(sql, {
    orgId: OURS,
    id: REVIEWER,
    email: 'reviewer@example.com',
    name: 'Reviewer',
    role: 'Owner',
    groups: [],
    passwordHash: null,
    audit: audit('member.created'),
  });
  await createPolicy(sql, {
    orgId: OURS,
    policyId: 'pol_scene',
    name: 'scene',
    document: canonicalize(POLICY as unknown as Json),
    digest: Buffer.alloc(32),
    createdBy: 'system',
    audit: audit('policy.created'),
  });
  await activatePolicy(sql, { orgId: OURS, policyId: 'pol_scene', version: 1, audit: audit('policy.activated') });
  await fill(5);
  await signer.sign();

  await fill(256);
  await signer.sign();
  await fill(AT.held.first);
  const heldFrom = clock.nowMs();
  await fill(AT.held.first + AT.held.count);
  const heldUntil = clock.nowMs() - 1;
  const hold = { reason: 'a dispute about these refunds', from: new Date(heldFrom).toISOString(), until: new Date(heldUntil).toISOString() };
  await placeHold(sql, { orgId: OURS, holdId: 'hold_1', ...hold, placedBy: 'system', audit: audit('hold.placed', hold, 'hold_1') });
  await clock.advance(1_000);
  for (let count = 0; count < 5; count += 1) await decide('look_up', NEIGHBOUR);
  await fill(300);
  await signer.sign();
  await clock.advance(HOUR_MS / 2);
  await fill(AT.early.entries);
  await signer.sign();
}

/** Eight days later: the signer says that it was silent, a record of each kind is written, and the first day is purged. */
export async function eighthDay({ sql, clock, signer, fill, decide, approve, purge }: Stage): Promise<void> {
  await clock.set(LATER_MS);
  await signer.sign();
  await fill(AT.tiled);
  await signer.sign();
  await fill(AT.event);
  await decide('look_up');
  await clock.advance(1_000);
  await decide('drop_table');
  await clock.advance(1_000);
  const asked = await decide('refund');
  await clock.advance(1_000);
  await approve(asked.review?.id ?? '', REVIEWER);
  await clock.advance(1_000);
  await putAgent(sql, { orgId: OURS, agentId: 'billing-assistant', profile: '{"name":"Billing"}', audit: audit('agent.updated') });
  await clock.advance(1_000);
  for (let count = 0; count < 5; count += 1) await decide('look_up', NEIGHBOUR);
  await fill(620);
  await signer.sign();
  await fill(AT.purge);
  await signer.sign();
  await purge('purge_1');
  await clock.advance(1_000);
  await signer.sign();
  await fill(AT.signed);
  await signer.sign();
  await fill(AT.entries);
}

/** An hour and a half later: the hold is released, what it kept is purged, and the entries of the first tile go. */
export async function pruning({ sql, clock, signer, fill, decide, purge }: Stage): Promise<void> {
  await clock.advance(1.5 * HOUR_MS);
  await releaseHold(sql, { orgId: OURS, holdId: 'hold_1', releasedBy: 'system', audit: audit('hold.released', {}, 'hold_1') });
  await signer.sign();
  await purge('purge_2');
  await decide('look_up', NEIGHBOUR);
  await fill(700);
  await signer.sign();
}

const POLICY: PolicySet = {
  rules: [
    {
      id: 'refunds',
      priority: 100,
      when: { actions: ['refund'] },
      effect: 'hitl',
      review: { levels: [{ reviewers: { roles: ['Owner'] }, withinMs: HOUR_MS }] },
      reason: 'refunds are decided by people',
    },
    { id: 'tables', priority: 100, when: { actions: ['drop_table'] }, effect: 'block', reason: 'tables are not dropped' },
  ],
};
