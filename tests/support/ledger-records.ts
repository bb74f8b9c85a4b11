import { createHash, randomUUID } from 'node:crypto';
import { canonicalize } from '../../core/json/canonical.ts';
import type { Sql } from '../../db/client.ts';
import { LEDGER_KIND } from '../../db/queries/ledger.ts';
import type { LedgerRecord } from '../../db/queries/ledger.ts';
import { createOrganization } from '../../db/queries/organizations.ts';
import type { NewOrganization } from '../../db/queries/organizations.ts';
import type { SettleItem } from '../../db/queries/settle.ts';
import { recordId } from '../../db/record-id.ts';
import type { Json } from '../../schemas/json.ts';

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

export const auditOf = (type: string) => {
  const fields = { type, actor: 'system', target: null };
  return { id: randomUUID(), body: canonicalize({ v: 1, ...fields }), fields };
};

/** A new organisation; its audit record is entry 0 of its ledger. */
export async function addOrganization(sql: Sql, options: Partial<Pick<NewOrganization, 'eventQuota' | 'retentionDays'>> = {}): Promise<string> {
  const orgId = randomUUID();
  await createOrganization(sql, {
    orgId,
    name: 'Example',
    plan: 'pro',
    retentionDays: 90,
    eventQuota: null,
    ...options,
    audit: auditOf('organization.created'),
  });
  return orgId;
}

/** An audit record; the same name is the same record id. */
export function auditRecord(org: string, name: string, details: Json = null): LedgerRecord {
  const fields = { type: 'test.happened', actor: 'system', target: name };
  return { org, kind: LEDGER_KIND.auditRecord, id: recordId(org, 'test', name), body: canonicalize({ v: 1, ...fields, name, details }), fields };
}

/** An ALLOW that depends on nothing but the configuration of a new organisation. */
export function settleItem(org: string, eventId: string, changes: Partial<SettleItem> = {}): SettleItem {
  const digest = changes.digest ?? sha256Hex(eventId);
  const fields = {
    eventId,
    eventDigest: digest,
    agentId: 'agent-1',
    action: 'send_mail',
    sessionId: null,
    value: 'ALLOW',
    riskScore: 0,
    categories: [],
    policyVersion: null,
    ruleId: null,
  };
  const shown = changes.fields ?? fields;
  return {
    org,
    eventId,
    recordId: recordId(org, 'event', eventId),
    digest,
    // As much of an event's record as its columns are taken from.
    body: canonicalize({
      v: 1,
      event: { id: eventId, agentId: shown.agentId, action: shown.action, ...(shown.sessionId === null ? {} : { sessionId: shown.sessionId }) },
      eventDigest: digest,
      decision: { value: shown.value, riskScore: shown.riskScore },
    }),
    fields,
    configVersion: 1,
    units: 1,
    agent: { id: 'agent-1', register: false, touch: false },
    session: null,
    review: null,
    grant: null,
    alert: null,
    outcome: null,
    violations: [],
    keys: [],
    subjects: [],
    ...changes,
  };
}
