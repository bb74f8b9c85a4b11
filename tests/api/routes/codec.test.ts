import { randomUUID } from 'node:crypto';
import { PASSWORD, startPages, TEMPORAL_UI } from '../../support/pages.ts';
import type { TestPages } from '../../support/pages.ts';

let test: TestPages;
let otherOrg: string;

beforeAll(async () => {
  test = await startPages();
  otherOrg = await test.api.newOrganization();
  for (const role of ['Owner', 'Admin', 'Auditor', 'Reviewer', 'Viewer'] as const)
    await test.api.newMember({ id: role.toLowerCase(), role, password: PASSWORD });
});
afterAll(() => test.stop());

interface Wire {
  metadata: Record<string, string>;
  data: string;
}

const PLAIN = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"agentId":"a"}') };
const base64 = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
const wireOf = ({ metadata, data }: { metadata?: Record<string, Uint8Array> | null; data?: Uint8Array | null }): Wire => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])),
  data: base64(data),
});

async function encrypted(workflowId: string): Promise<Wire> {
  const [payload] = await test.codec.encode([PLAIN], { type: 'workflow', namespace: 'default', workflowId } as never);
  return wireOf(payload ?? {});
}
const ownPayload = (): Promise<Wire> => encrypted(`gov/${test.api.orgId}/evt_1`);

async function decode(
  payloads: unknown,
  headers: Record<string, string>,
): Promise<{ status: number; body: { payloads: Wire[]; code?: string }; headers: Headers }> {
  const { status, text, headers: answered } = await test.send('POST', '/codec/decode', { json: { payloads }, headers });
  return { status, body: JSON.parse(text), headers: answered };
}

describe('decoding', () => {
  it("gives an administrator's key the payloads of its own organisation in proto JSON, in order", async () => {
    const payloads = [await ownPayload(), wireOf(PLAIN), await ownPayload()];
    const { status, body } = await decode(payloads, { 'X-API-Key': test.api.ownerKey });
    expect(status).toBe(200);
    expect(body).toEqual({ payloads: [wireOf(PLAIN), wireOf(PLAIN), wireOf(PLAIN)] });
  });

  it('returns payloads of another organisation and of the system as they came', async () => {
    const payloads = [await encrypted(`gov/${otherOrg}/evt_1`), await encrypted('temporal-sys-scheduler'), await encrypted(`gov/${randomUUID()}/x`)];
    const { body } = await decode(payloads, { 'X-API-Key': test.api.ownerKey });
    expect(body.payloads).toEqual(payloads);
  });

  it("returns a payload that names the caller's key but was encrypted with another as it came", async () => {
    const [own, foreign] = [await ownPayload(), await encrypted(`gov/${otherOrg}/evt_1`)];
    const forged = { metadata: own.metadata, data: foreign.data };
    const cut = { metadata: own.metadata, data: own.data.slice(0, 8) };
    const { status, body } = await decode([forged, cut], { 'X-API-Key': test.api.ownerKey });
    expect(status).toBe(200);
    expect(body.payloads).toEqual([forged, cut]);
  });

  it('takes a payload without metadata or data, and members it does not know, as they are', async () => {
    const payloads = [{}, { metadata: null, data: null }, { ...wireOf(PLAIN), externalPayloads: [{ sizeBytes: '1' }] }];
    const { body } = await decode(payloads, { 'X-API-Key': test.api.ownerKey });
    expect(body.payloads).toEqual(payloads);
  });

  it.each([[{ payloads: 'x' }], [{}], [{ payloads: [{ data: 'not base64!' }] }], [{ payloads: [{ metadata: { encoding: 7 } }] }]])(
    'answers a problem for %j',
    async (json) => {
      const answer = await test.send('POST', '/codec/decode', { json, headers: { 'X-API-Key': test.api.ownerKey } });
      expect(answer.status).toBe(422);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'validation-failed' });
    },
  );

  it("encodes under the caller's own organisation, so that only it can read what the CLI sends", async () => {
    const send = (path: string, payloads: Wire[], key: string) => test.send('POST', path, { json: { payloads }, headers: { 'X-API-Key': key } });
    const encoded = JSON.parse((await send('/codec/encode', [wireOf(PLAIN)], test.api.ownerKey)).text).payloads as Wire[];
    expect(Buffer.from(encoded[0]?.metadata['encryption-key-id'] ?? '', 'base64').toString()).toBe(`v1:${test.api.orgId}`);
    expect(encoded[0]?.data).not.toContain(wireOf(PLAIN).data);
    expect(JSON.parse((await send('/codec/decode', encoded, test.api.ownerKey)).text).payloads).toEqual([wireOf(PLAIN)]);
  });

  it('offers nothing else', async () => {
    expect((await test.send('POST', '/codec/download', { json: { payloads: [] }, headers: { 'X-API-Key': test.api.ownerKey } })).status).toBe(404);
    expect((await test.send('GET', '/codec/decode')).status).toBe(405);
  });
});

describe('who may decode', () => {
  it.each(['owner', 'admin', 'auditor'])('a signed-in %s may, from the Temporal UI', async (member) => {
    const { status, body } = await decode([await ownPayload()], { Cookie: await test.cookieOf(member), Origin: TEMPORAL_UI });
    expect(status).toBe(200);
    expect(body.payloads).toEqual([wireOf(PLAIN)]);
  });

  it.each(['reviewer', 'viewer'])('a signed-in %s may not', async (member) => {
    const { status, body } = await decode([await ownPayload()], { Cookie: await test.cookieOf(member), Origin: TEMPORAL_UI });
    expect(status).toBe(403);
    expect(body.code).toBe('missing-scope');
  });

  it.each([
    ['audit:read', 200],
    ['admin', 200],
    ['events:read', 403],
  ] as const)('a key with the scope %s gets %i, in either header', async (scope, expected) => {
    const { key } = await test.api.newKey({ scopes: [scope] });
    expect((await decode([], { 'X-API-Key': key })).status).toBe(expected);
    expect((await decode([], { Authorization: `Bearer ${key}` })).status).toBe(expected);
  });

  it('a refused request learns nothing of the payload: whatever it holds, the answer is the same', async () => {
    const { key } = await test.api.newKey({ scopes: ['events:read'] });
    const payloads = [[await ownPayload()], [await encrypted(`gov/${otherOrg}/x`)], 'no payloads at all'];
    for (const headers of [{}, { 'X-API-Key': key }]) {
      const answers = await Promise.all(payloads.map((json) => decode(json, { ...headers, 'X-Request-Id': 'same' })));
      expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
      expect(answers[0]?.status).toBe('X-API-Key' in headers ? 403 : 401);
    }
  });

  it.each(['http://evil.example.com', 'http://127.0.0.1:8234', 'null', undefined])('a session is refused from the origin %s', async (origin) => {
    const { status, headers } = await decode([], { Cookie: await test.cookieOf('owner'), ...(origin === undefined ? {} : { Origin: origin }) });
    expect(status).toBe(403);
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('CORS', () => {
  it('lets the configured Temporal UI ask with credentials and its headers', async () => {
    const { status, headers } = await test.send('OPTIONS', '/codec/decode', { headers: { Origin: TEMPORAL_UI, 'Access-Control-Request-Method': 'POST' } });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(TEMPORAL_UI);
    expect(headers.get('access-control-allow-credentials')).toBe('true');
    expect(headers.get('access-control-allow-methods')).toBe('POST');
    expect(headers.get('access-control-allow-headers')?.split(', ').toSorted()).toEqual(['authorization', 'content-type', 'x-api-key', 'x-namespace']);
    expect(headers.get('vary')).toMatch(/Origin/);
  });

  it('lets the Temporal UI read refusals too, and nobody else anything', async () => {
    expect((await decode([], { Origin: TEMPORAL_UI })).headers.get('access-control-allow-origin')).toBe(TEMPORAL_UI);
    const { headers } = await test.send('OPTIONS', '/codec/decode', { headers: { Origin: 'http://evil.example.com' } });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});
