import { createHash } from 'node:crypto';
import { canonicalize } from '../../../core/json/canonical.ts';
import type { Json } from '../../../schemas/json.ts';
import { startApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

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
