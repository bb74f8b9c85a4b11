import { randomUUID } from 'node:crypto';
import { prepareSettlement, type SettlementInput, sha256Hex } from '../../activities/settlement.ts';
import { actionDigest } from '../../core/decision/action-digest.ts';
import { evaluateEvent } from '../../core/decision/evaluate-event.ts';
import { openSession } from '../../core/detection/session-state.ts';
import { decisionFromRecord, type StoredEventRecord } from '../../core/ledger/event-record.ts';
import { compilePolicy } from '../../core/policy/compile.ts';
import { createSubjectVault } from '../../db/subject-vault.ts';
import { Decision } from '../../schemas/decision.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import { databaseAway } from '../support/api.ts';
import { SHORT_LADDER } from '../support/policies.ts';

const ORG = randomUUID();
const NOW_MS = Date.UTC(2030, 0, 1);
// Sealing reads nothing.
const VAULT = createSubjectVault({ sql: databaseAway(), masterKey: Buffer.alloc(32, 7) });
const POLICY = { version: 'pol_test@1', compiled: compilePolicy(SHORT_LADDER) };

function settlementOf(partial: Partial<GovernanceEvent>, changes: Partial<SettlementInput> = {}): ReturnType<typeof prepareSettlement> {
  const event: GovernanceEvent = { id: 'e1', agentId: 'treasury', action: 'look_up', ...partial };
  const session = event.sessionId === undefined ? null : openSession(NOW_MS);
  return prepareSettlement(VAULT, {
    orgId: ORG,
    event,
    digest: sha256Hex(JSON.stringify(event)),
    requester: 'key:1',
    requestId: 'req_1',
    receivedAtMs: NOW_MS - 7,
    mode: 'governed',
    evaluation: evaluateEvent({ orgId: ORG, event, profile: null, session, policy: POLICY, nowMs: NOW_MS, sha256Hex }),
    nowMs: NOW_MS,
    publicUrl: 'https://guard.example.com',
    configVersion: 3,
    agent: { id: event.agentId, register: true, touch: false },
    session: { version: 4, holder: randomUUID(), reserve: false },
    ...changes,
  });
}
const recordOf = ({ body }: { body: string }): Extract<StoredEventRecord, { v: 2 }> => JSON.parse(body) as Extract<StoredEventRecord, { v: 2 }>;

test('the record ids come from organisation and event id alone, so a second try settles the same', () => {
  const [one, two] = [settlementOf({ action: 'transfer' }), settlementOf({ action: 'transfer' }, { nowMs: NOW_MS + 5_000, requestId: 'req_2' })];
  expect([two.recordId, two.review?.id, two.violations[0]?.id]).toEqual([one.recordId, one.review?.id, one.violations[0]?.id]);
  expect(recordOf(two).decision.id).toBe(recordOf(one).decision.id);
  expect(settlementOf({ action: 'transfer' }, { orgId: randomUUID() }).recordId).not.toBe(one.recordId);
});

test('what is recorded is what is answered, and fits the schema of the API', () => {
  const receipt = { seq: 1, entryHash: '0'.repeat(64), checkpointSize: 2 };
  const decision = decisionFromRecord(settlementOf({ action: 'transfer' }).body, receipt);
  expect(Decision.parse(decision)).toEqual(decision);
  expect(decision).toMatchObject({
    value: 'HITL',
    latencyMs: 7,
    receipt,
    review: { url: `https://guard.example.com/dashboard/reviews/${decision.review?.id}` },
  });
});

test('only HITL opens a review, with the first level due and the whole ladder to its end', () => {
  const { review } = settlementOf({ action: 'refund' });
  expect(review).toMatchObject({ created_at: '2030-01-01T00:00:00.000Z', due_at: '2030-01-01T00:00:00.900Z', expires_at: '2030-01-01T00:00:01.800Z' });
  expect(JSON.parse(review?.state ?? '')).toEqual({ level: 0, openedAtMs: Date.UTC(2030, 0, 1), votes: [], steps: [], sealed: [expect.anything()] });
  expect(JSON.parse(review?.plan ?? '')).toMatchObject({ levels: [{ withinMs: 900 }, { withinMs: 900 }], outcome: 'block' });
  expect(settlementOf({ action: 'look_up' }).review).toBeNull();
});

test('a plain ALLOW is no violation; anything else is one, without the event’s text', () => {
  expect(settlementOf({}).violations).toEqual([]);
  const { violations } = settlementOf({ action: 'transfer', content: 'a private sentence', tool: { name: 'transfer', args: { iban: 'DE00' } } });
  expect(violations).toHaveLength(1);
  expect(JSON.stringify(violations)).not.toMatch(/private sentence|DE00/);
  expect(violations[0]?.fields).toMatchObject({ eventId: 'e1', agentId: 'treasury', value: 'HITL', ruleId: 'transfers' });
});

test('the fields that can be searched hold ids, values and categories, none of the arguments', () => {
  const { fields } = settlementOf({ content: 'a private sentence', sessionId: 's1', metadata: { note: 'private' } });
  expect(fields).toEqual({
    eventId: 'e1',
    eventDigest: fields.eventDigest,
    agentId: 'treasury',
    action: 'look_up',
    sessionId: 's1',
    value: 'ALLOW',
    riskScore: 0,
    categories: [],
    policyVersion: 'pol_test@1',
    ruleId: null,
  });
});

test('a session is settled from the version it was computed from; without one there is nothing to settle', () => {
  expect(settlementOf({ sessionId: 's1' }).session).toMatchObject({ id: 's1', version: 4, reserve: false });
  expect(JSON.parse(settlementOf({ sessionId: 's1' }).session?.state ?? '')).toMatchObject({ steps: 1 });
  expect(settlementOf({}).session).toBeNull();
});

test('a clock that is behind the one that received the event makes no negative latency', () => {
  expect(recordOf(settlementOf({}, { receivedAtMs: NOW_MS + 1_000 })).decision.latencyMs).toBe(0);
});

const PERSONAL: Partial<GovernanceEvent> = {
  action: 'transfer',
  content: 'about-whom',
  intent: 'for-whom',
  metadata: { whose: 'metadata-whose' },
  principal: { org: 'acme', user: 'ann@example.com' },
  resource: { type: 'account', id: 'account-of-bob', path: '/home/bob', ownerUser: 'bob@example.com', ownerOrg: 'acme', host: 'bank.example' },
  tool: { name: 'transfer', args: { iban: 'DE00', 'carl@example.com': 1 }, labels: { effect: 'egress' } },
};

test('nothing of a person is readable in anything that is settled; what is not personal is', () => {
  const item = settlementOf(PERSONAL);
  expect(JSON.stringify(item)).not.toMatch(/about-whom|for-whom|metadata-whose|ann@|account-of-bob|home\/bob|bob@|DE00|carl@/i);
  expect(recordOf(item).event).toEqual({
    id: 'e1',
    agentId: 'treasury',
    action: 'transfer',
    principal: { org: 'acme' },
    resource: { type: 'account', ownerOrg: 'acme', host: 'bank.example' },
    tool: { name: 'transfer', labels: { effect: 'egress' } },
  });
});

test('what is sealed takes its keys along: one per subject, new ones wrapped, under the references that the body names', () => {
  const item = settlementOf(PERSONAL);
  const { sealed, holder, eventDigest } = recordOf(item);
  expect(sealed.map(({ subject }) => subject)).toEqual(item.subjects);
  expect(item.keys.map(({ ref }) => ref)).toEqual(item.subjects);
  expect(item.subjects).toHaveLength(2);
  for (const { version, wrapped, commitment, ref } of item.keys) {
    expect([version, typeof wrapped]).toEqual([1, 'string']);
    expect(sealed.find(({ subject }) => subject === ref)).toMatchObject({ key: 1, commitment });
  }
  expect([holder, item.review?.subject, item.review?.subject_version]).toEqual([item.subjects[0], item.subjects[0], 1]);
  expect(eventDigest).toBe(item.fields.eventDigest);
});

test('an event that names nobody and holds nothing personal needs no key', () => {
  expect(settlementOf({})).toMatchObject({ keys: [], subjects: [] });
});

test('a review keeps neither the digest of its action nor whom it is for as anybody could compute them', () => {
  const { review } = settlementOf(PERSONAL);
  const event = { id: 'e1', agentId: 'treasury', ...PERSONAL } as GovernanceEvent;
  expect(review?.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.stringify(review)).not.toContain(actionDigest(event, 'pol_test@1', sha256Hex));
  expect(JSON.parse(review?.summary ?? '')).toMatchObject({ requestedForSubject: recordOf(settlementOf(PERSONAL)).holder });
});
