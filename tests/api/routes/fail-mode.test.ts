import { randomUUID } from 'node:crypto';
import { asTenant } from '../../../db/tenant.ts';
import { verifyLedger } from '../../../db/verify-ledger.ts';
import { startApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

const EVENTS = '/api/v1/governance/events';
const DECIDED_AT = '2030-05-01T12:00:00.250Z';
const REPORT = { mode: 'allow', value: 'ALLOW', cause: 'unreachable', decidedAt: DECIDED_AT } as const;

let test: TestApi;
let orgId: string;
let key: string;

beforeAll(async () => {
  test = await startApi();
});
beforeEach(async () => {
  orgId = await test.newOrganization();
  ({ key } = await test.newKey({ orgId }));
});
afterAll(() => test.stop());

/** Of the actions of the runtime under these tests `read` is allowed, `destroy` blocked and `ask` held. */
const delivered = async (action = 'read'): Promise<string> =>
  (await test.call('POST', EVENTS, { key, body: { id: randomUUID(), agentId: 'billing', action } })).body.eventId;
const report = (eventId: string, changes: object = {}, by = key) =>
  test.call('POST', `${EVENTS}/${eventId}/fail-mode`, { key: by, body: { ...REPORT, ...changes } });
const read = (table: 'audit_records' | 'policy_violations' | 'alert', eventId: string) =>
  asTenant(test.database.appSql, orgId, (tx) =>
    table === 'audit_records'
      ? tx<{ body: string }[]>`select body from audit_records where org_id = ${orgId} and type = 'fail-mode.reported' and target = ${eventId}`
      : tx<{ body: string }[]>`select to_jsonb(t)::text as body from ${tx(table)} t where org_id = ${orgId} and event_id = ${eventId}`,
  ).then((rows) => rows.map(({ body }) => JSON.parse(body) as Record<string, unknown>));

describe('what a fail mode did', () => {
  it('is recorded under the event, with its place in the ledger, which still verifies', async () => {
    const eventId = await delivered();
    const { status, body } = await report(eventId, { mode: 'local-policy', cause: 'deadline' });
    expect([status, body]).toEqual([
      200,
      {
        eventId,
        mode: 'local-policy',
        value: 'ALLOW',
        cause: 'deadline',
        decidedAt: DECIDED_AT,
        recordedAt: expect.any(String),
        receipt: { seq: expect.any(Number), entryHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      },
    ]);
    const [entry] = await read('audit_records', eventId);
    expect(entry).toMatchObject({ target: eventId, details: { mode: 'local-policy', value: 'ALLOW', cause: 'deadline', decidedAt: DECIDED_AT } });
    expect(await verifyLedger(test.database.appSql, orgId)).toMatchObject({ findings: [] });
  });

  it('is recorded once: the same report gets the first answer, whoever sends it and however it writes the time', async () => {
    const eventId = await delivered('destroy');
    const first = await report(eventId);
    const { key: other } = await test.newKey({ orgId });
    expect((await report(eventId, {}, other)).body).toEqual(first.body);
    expect((await report(eventId, { decidedAt: '2030-05-01T14:00:00.25+02:00' })).body).toEqual(first.body);
    expect(await read('audit_records', eventId)).toHaveLength(1);
    expect([(await read('alert', eventId)).length, (await read('policy_violations', eventId)).length]).toEqual([1, 2]);
  });

  it.each([{ mode: 'block' }, { value: 'ALERT' }, { cause: 'quota' }, { decidedAt: '2030-05-01T12:00:00.251Z' }])(
    'is not said again differently: %j',
    async (changes) => {
      const eventId = await delivered();
      await report(eventId);
      const { status, body } = await report(eventId, changes);
      expect([status, body.code, body.failMode]).toEqual([409, 'conflict', REPORT]);
      expect(await read('audit_records', eventId)).toHaveLength(1);
    },
  );

  it('is said once also where many say it differently at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const eventId = await delivered('ask');
      const answers = await Promise.all(['ALLOW', 'ALERT', 'BLOCK', 'HITL'].map((value) => report(eventId, { value })));
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409]);
      const value = answers.find(({ status }) => status === 200)?.body.value as string;
      expect(answers.flatMap(({ status, body }) => (status === 409 ? [body.failMode.value] : []))).toEqual([value, value, value]);
      expect(await read('audit_records', eventId)).toMatchObject([{ details: { value } }]);
      expect(await read('alert', eventId)).toHaveLength(value === 'ALLOW' || value === 'ALERT' ? 1 : 0);
    }
    expect(await verifyLedger(test.database.appSql, orgId)).toMatchObject({ findings: [] });
  });

  it.each([
    ['destroy', 'BLOCK'],
    ['ask', 'HITL'],
  ])('is a violation and an alert where it let %s pass, which is decided %s', async (action, value) => {
    const eventId = await delivered(action);
    await report(eventId, { cause: 'server-error' });
    const reason = `the agent went on by its fail mode allow (server-error); the decision is ${value}`;
    expect(await read('alert', eventId)).toMatchObject([
      { cause: 'fail-mode', status: 'open', action, agent_id: 'billing', risk_score: 80, reasons: `["${reason}"]` },
    ]);
    const violations = await read('policy_violations', eventId);
    expect(new Set(violations.map((violation) => violation['value']))).toEqual(new Set([value, 'FAIL_MODE']));
    expect(violations).toHaveLength(2);
    expect((await test.call('GET', '/api/v1/alerts', { key })).body.data).toMatchObject([{ eventId, cause: 'fail-mode', reasons: [reason] }]);
    expect(await verifyLedger(test.database.appSql, orgId)).toMatchObject({ findings: [] });
  });

  it.each([
    ['destroy', 'BLOCK'],
    ['ask', 'HITL'],
    ['read', 'ALLOW'],
    ['read', 'BLOCK'],
  ])('raises nothing where decision and fail mode agree that %s goes on or not: %s', async (action, value) => {
    const eventId = await delivered(action);
    expect((await report(eventId, { value })).status).toBe(200);
    expect(await read('alert', eventId)).toEqual([]);
  });

  it('is not found for an event that has not been delivered, or is another organisation’s', async () => {
    const eventId = await delivered('destroy');
    const { key: stranger } = await test.newKey({ orgId: await test.newOrganization() });
    expect([(await report('never-delivered')).status, (await report(eventId, {}, stranger)).status]).toEqual([404, 404]);
    expect(await read('audit_records', eventId)).toEqual([]);
  });

  it.each([
    ['/mode', { mode: 'open' }],
    ['/value', { value: 'MAYBE' }],
    ['/cause', { cause: 'tired' }],
    ['/decidedAt', { decidedAt: '2030-05-01' }],
    ['/decidedAt', { decidedAt: undefined }],
    ['/note', { note: 'x' }],
  ])('is refused for a fault at %s', async (pointer, changes) => {
    const { status, body } = await report(await delivered(), changes);
    expect([status, body.code, body.errors.map((error: { pointer: string }) => error.pointer)]).toEqual([422, 'validation-failed', [pointer]]);
  });

  it('is reported with the scope that sends events', async () => {
    const eventId = await delivered();
    const { key: reader } = await test.newKey({ orgId, scopes: ['events:read'] });
    expect(await report(eventId, {}, reader)).toMatchObject({ status: 403, body: { code: 'missing-scope' } });
  });
});
