import { createHash } from 'node:crypto';
import { encodeCursor } from '../../../api/cursor.ts';
import { canonicalize } from '../../../core/json/canonical.ts';
import type { Json } from '../../../schemas/json.ts';
import { startApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { openTestPool } from '../../support/database.ts';

const POLICIES = '/api/v1/policies';
let test: TestApi;

beforeAll(async () => {
  test = await startApi();
});
afterAll(() => test.stop());

const rule = (id: string, when: object = { actions: ['delete_*'] }) => ({ id, priority: 10, when, effect: 'block', reason: 'no' });
const post = (path: string, body?: unknown) => test.call('POST', path, { key: test.ownerKey, ...(body === undefined ? {} : { body }) });
const get = (path: string) => test.call('GET', path, { key: test.ownerKey });
const create = async (name: string): Promise<string> => (await post(POLICIES, { name, document: { rules: [rule('r1')] } })).body.id;

describe('policies', () => {
  it('begin with version 1, which decides nothing until it is activated', async () => {
    const { status, body, headers } = await post(POLICIES, { name: 'first', document: { rules: [rule('r1')] } });
    expect([status, body.latestVersion, body.activeVersion]).toEqual([201, 1, null]);
    expect((await get(String(headers['location']))).body).toEqual(body);
    const activated = await post(`${POLICIES}/${body.id}/versions/1/activate`);
    expect(activated.body.activeVersion).toBe(1);
    expect((await get('/api/v1/organization')).body.activePolicy).toEqual({ id: body.id, version: 1 });
  });

  it('keep every version as RFC 8785 text with its SHA-256, whatever the order of the members sent', async () => {
    const id = await create('versions');
    const document = { defaultEffect: 'allow', rules: [rule('b', { actions: ['b'] }), rule('a', { actions: ['a'] })] };
    const { status, body } = await post(`${POLICIES}/${id}/versions`, { document });
    expect([status, body.version]).toEqual([201, 2]);
    expect(body.document).toEqual(document);
    expect(body.digest).toBe(
      createHash('sha256')
        .update(canonicalize(document as unknown as Json))
        .digest('hex'),
    );
    const list = await get(`${POLICIES}/${id}/versions?limit=1`);
    expect(list.body.data.map(({ version }: { version: number }) => version)).toEqual([2]);
    const beyond = encodeCursor(2 ** 40, { policyId: id, list: 'policy-versions' });
    expect((await get(`${POLICIES}/${id}/versions?limit=1&cursor=${beyond}`)).body).toEqual(list.body);
    const rest = await get(`${POLICIES}/${id}/versions?limit=1&cursor=${list.body.nextCursor}`);
    expect(rest.body.data.map(({ version }: { version: number }) => version)).toEqual([1]);
    expect(rest.body.nextCursor).toBeNull();
  });

  it('are refused with the pointer of every rule that does not compile', async () => {
    const document = { rules: [rule('ok'), rule('bad', { condition: 'event.action ==' }), rule('worse', { condition: '1 + 1' })] };
    for (const { status, body } of [
      await post(POLICIES, { name: 'invalid', document }),
      await post(`${POLICIES}/${await create('host')}/versions`, { document }),
    ]) {
      expect([status, body.code]).toEqual([422, 'policy-invalid']);
      const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
      expect(pointers).toEqual(expect.arrayContaining(['/document/rules/1/when/condition', '/document/rules/2/when/condition']));
    }
  });

  it.each([
    ['/document/rules/0/effect', { rules: [{ ...rule('r'), effect: 'maybe' }] }],
    ['/document/rules/0/when/actions/0', { rules: [rule('r', { actions: ['a*b'] })] }],
    ['/document/extra', { rules: [], extra: 1 }],
  ])('are refused for a fault of shape at %s', async (pointer, document) => {
    const { status, body } = await post(POLICIES, { name: 'shape', document });
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'validation-failed', pointer]);
  });

  describe('that ask people', () => {
    const HOUR_MS = 3_600_000;
    const asking = (review: object, over: object = {}) => ({ ...rule('asks'), effect: 'hitl', review, ...over });
    const level = (over: object) => ({ levels: [{ reviewers: { roles: ['Reviewer'] }, withinMs: HOUR_MS, ...over }] });
    const faultsOf = ({ status, body }: { status: number; body: { code: string; errors?: { pointer: string }[] } }) => [
      status,
      body.code,
      body.errors?.map(({ pointer }) => pointer),
    ];
    let key: string;
    let orgId: string;
    const send = (path: string, body?: unknown) => test.call('POST', path, { key, ...(body === undefined ? {} : { body }) });

    beforeAll(async () => {
      orgId = await test.newOrganization();
      key = (await test.newKey({ orgId })).key;
      await test.newMember({ id: 'ann', role: 'Reviewer', groups: ['finance'], orgId });
      await test.newMember({ id: 'ben', role: 'Reviewer', orgId });
      await test.newMember({ id: 'eve', role: 'Viewer', groups: ['board'], orgId });
    });

    it.each([
      ['rules/0/review/levels/0/reviewers/users/1', { rules: [asking(level({ reviewers: { users: ['ann', 'nobody'] } }))] }],
      ['rules/0/review/levels/0/reviewers/users/0', { rules: [asking(level({ reviewers: { users: ['eve'] } }))] }],
      ['rules/0/review/levels/0/reviewers/groups/0', { rules: [asking(level({ reviewers: { groups: ['board'] } }))] }],
      ['defaultReview/levels/0/reviewers', { rules: [], defaultReview: level({ reviewers: { roles: ['Owner'] } }) }],
      ['defaultReview/levels/0/quorum', { rules: [], defaultReview: level({ quorum: 3 }) }],
      ['rules/0/review/levels/0/separation/0', { rules: [asking(level({ separation: ['Owner'] }))] }],
      ['rules/0/review/levels/0/reviewers', { rules: [asking({ ...level({ reviewers: { groups: ['finance'] } }), twoPerson: true })] }],
      [
        'rules/0/review/levels/0/businessHours/zone',
        { rules: [asking(level({ businessHours: { zone: 'Mars/Base', days: { mon: [{ from: '09:00', to: '17:00' }] } } }))] },
      ],
      [
        'rules/0/review/levels/0/withinMs',
        { rules: [asking(level({ withinMs: 720 * HOUR_MS, businessHours: { zone: 'UTC', days: { mon: [{ from: '09:00', to: '09:15' }] } } }))] },
      ],
      [
        'rules/0/review/breakGlass/reviewers/users/0',
        { rules: [asking({ ...level({}), breakGlass: { reviewers: { users: ['nobody'] }, reviewWithinMs: HOUR_MS } })] },
      ],
      ['rules/0/attestWithinMs', { rules: [{ ...rule('r'), attestWithinMs: HOUR_MS }] }],
      ['rules/0/expiresAt', { rules: [asking(level({}), { expiresAt: '2001-01-01T00:00:00Z' })] }],
    ])('are refused when they are saved, for what cannot be decided: %s', async (pointer, document) => {
      const { id } = (await send(POLICIES, { name: `host ${Math.random()}`, document: { rules: [] } })).body;
      const refused = [422, 'policy-invalid', [`/document/${pointer}`]];
      expect(faultsOf(await send(POLICIES, { name: 'undecidable', document }))).toEqual(refused);
      expect(faultsOf(await send(`${POLICIES}/${id}/versions`, { document }))).toEqual(refused);
    });

    it('are refused at activation when their people have gone since, but not for a rule that has run out', async () => {
      const expiresAt = new Date(Date.now() + HOUR_MS).toISOString();
      const review = level({ reviewers: { users: ['ben'] } });
      const saved = await send(POLICIES, { name: 'kept', document: { rules: [asking(review, { expiresAt })], defaultReview: level({ quorum: 2 }) } });
      expect(saved.status).toBe(201);
      const admin = openTestPool({ url: test.database.adminUrl, maxConnections: 1 });
      const setStatus = (status: string) => admin`update member set status = ${status} where org_id = ${orgId} and id = 'ben'`;
      const activate = () => send(`${POLICIES}/${saved.body.id}/versions/1/activate`);
      await setStatus('disabled');
      expect(faultsOf(await activate())).toEqual([422, 'policy-invalid', ['/rules/0/review/levels/0/reviewers/users/0', '/defaultReview/levels/0/quorum']]);
      test.clock.offsetMs = 2 * HOUR_MS;
      expect(faultsOf(await activate())).toEqual([422, 'policy-invalid', ['/defaultReview/levels/0/quorum']]);
      await setStatus('active');
      expect((await activate()).status).toBe(200);
      test.clock.offsetMs = 0;
      await admin.end();
    });
  });

  it('have names of their own within the organisation, and may share them across organisations', async () => {
    await create('unique');
    const { status, body } = await post(POLICIES, { name: 'unique', document: { rules: [] } });
    expect([status, body.code]).toEqual([409, 'conflict']);
    const { key } = await test.newKey({ orgId: await test.newOrganization() });
    expect((await test.call('POST', POLICIES, { key, body: { name: 'unique', document: { rules: [] } } })).status).toBe(201);
  });

  it('of another organisation are not there', async () => {
    const id = await create('mine');
    const { key } = await test.newKey({ orgId: await test.newOrganization() });
    const answers = await Promise.all([
      test.call('GET', `${POLICIES}/${id}`, { key }),
      test.call('GET', `${POLICIES}/${id}/versions`, { key }),
      test.call('GET', `${POLICIES}/${id}/versions/1`, { key }),
      test.call('POST', `${POLICIES}/${id}/versions/1/activate`, { key }),
      test.call('POST', `${POLICIES}/${id}/versions`, { key, body: { document: { rules: [] } } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
  });

  it.each(['0', 'x', '1.0', '99999999999'])('have no version %s', async (version) => {
    const { status, body } = await get(`${POLICIES}/${await create(`v${version}`)}/versions/${version}`);
    expect([status, body.errors[0]]).toEqual([422, expect.objectContaining({ pointer: '/version', in: 'path' })]);
  });

  it('are listed page by page', async () => {
    const { key } = await test.newKey({ orgId: await test.newOrganization() });
    for (const name of ['a', 'b', 'c']) await test.call('POST', POLICIES, { key, body: { name, document: { rules: [] } } });
    const first = await test.call('GET', `${POLICIES}?limit=2`, { key });
    const second = await test.call('GET', `${POLICIES}?limit=2&cursor=${first.body.nextCursor}`, { key });
    expect([...first.body.data, ...second.body.data].map(({ name }: { name: string }) => name)).toEqual(['a', 'b', 'c']);
    expect(second.body.nextCursor).toBeNull();
  });
});
