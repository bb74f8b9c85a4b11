import { randomUUID } from 'node:crypto';
import { canonicalize } from '../../core/json/canonical.ts';
import type { Sql } from '../../db/client.ts';
import { LEDGER_KIND, type LedgerRecord } from '../../db/queries/ledger.ts';
import { createOrganization, type NewOrganization } from '../../db/queries/organizations.ts';

/** An organisation without a quota, whose bodies are kept that long. Answers its id. */
export async function addBenchOrganization(sql: Sql, { plan, retentionDays }: Pick<NewOrganization, 'plan' | 'retentionDays'>): Promise<string> {
  const orgId = randomUUID();
  const audit = { id: randomUUID(), body: '{"v":1}', fields: { type: 'organization.created', actor: 'system', target: null } };
  await createOrganization(sql, { orgId, name: 'Benchmark', plan, retentionDays, eventQuota: null, audit });
  return orgId;
}

/** A decided event with a body of about 750 bytes, new on every call. */
export function benchRecord(org: string, at: number): LedgerRecord {
  const id = randomUUID();
  const event = {
    id: `evt_${id}`,
    agentId: 'billing-assistant',
    action: 'refund',
    content: CONTENT,
    tool: { name: 'refund', args: { amount: at % 1_000, currency: 'EUR' } },
  };
  const decision = { id: `dec_${id}`, eventId: event.id, value: 'ALLOW', mast: [], riskScore: 0, reasons: [], policy: null, latencyMs: 3 };
  const body = canonicalize({
    v: 1,
    mode: 'governed',
    event,
    decision,
    evaluatedAt: '2026-01-01T00:00:00.000Z',
    findings: [],
    requester: 'key:benchmark',
    requestId: id,
  });
  const fields = {
    eventId: event.id,
    eventDigest: 'ab'.repeat(32),
    agentId: event.agentId,
    action: event.action,
    sessionId: null,
    value: 'ALLOW',
    riskScore: 0,
    categories: [],
    policyVersion: null,
    ruleId: null,
  };
  return { org, kind: LEDGER_KIND.agentEvent, id, body, fields };
}

const CONTENT = 'The customer asks for the refund of an order that arrived late. '.repeat(5);
