import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { once } from 'node:events';
import { asTenant } from '../../../db/tenant.ts';
import { startApi } from '../../support/api.ts';
import type { CallOptions, TestApi } from '../../support/api.ts';

const EVENTS = '/api/v1/governance/events';
let test: TestApi;

beforeAll(async () => {
  test = await startApi();
});
afterAll(() => test.stop());

const post = (raw: string | Buffer, options: CallOptions = {}, path = EVENTS) => test.call('POST', path, { key: test.ownerKey, raw, ...options });

async function refusals(): Promise<{ body: string; actor: string }[]> {
  return asTenant(
    test.database.appSql,
    test.orgId,
    (tx) => tx<{ body: string; actor: string }[]>`
    select body, actor from audit_records where org_id = ${test.orgId} and type = 'event.refused' order by seq`,
  );
}

describe('a body that is not JSON', () => {
  it.each([
    ['nothing', ''],
    ['a broken object', '{"agentId":"a","action":"x"'],
    ['text after the value', '{"agentId":"a","action":"x"} {}'],
    ['a comment', '{"agentId":"a",/* */"action":"x"}'],
    ['single quotes', "{'agentId':'a','action':'x'}"],
    ['NaN', '{"agentId":"a","action":"x","metadata":{"n":NaN}}'],
    ['a byte order mark', '\uFEFF{"agentId":"a","action":"x"}'],
    ['a raw control character', '{"agentId":"a","action":"x\u0001"}'],
  ])('is refused with 400: %s', async (_name, raw) => {
    const { status, body } = await post(raw);
    expect([status, body.code]).toEqual([400, 'malformed-json']);
  });

  it('is refused with 400 where it is not UTF-8', async () => {
    const { status, body } = await post(Buffer.from('{"agentId":"a","action":"caf\xe9"}', 'latin1'));
    expect([status, body.code]).toEqual([400, 'malformed-json']);
  });
});

describe('a body outside I-JSON', () => {
  it.each([
    ['duplicate-key', '/action', '{"agentId":"a","action":"x","action":"y"}'],
    ['duplicate-key', '/metadata/a', '{"agentId":"a","action":"x","metadata":{"a":1,"\\u0061":2}}'],
    ['lone-surrogate', '/content', '{"agentId":"a","action":"x","content":"\\ud800"}'],
    ['unsafe-integer', '/metadata/n', '{"agentId":"a","action":"x","metadata":{"n":9007199254740993}}'],
    ['number-range', '/metadata/n', '{"agentId":"a","action":"x","metadata":{"n":1e999}}'],
  ])('is refused with 422 not-i-json (%s at %s)', async (violation, pointer, raw) => {
    const { status, body } = await post(raw);
    expect([status, body.code, body.violation, body.errors[0].pointer]).toEqual([422, 'not-i-json', violation, pointer]);
  });

  it('is refused however deep it is nested, without falling over', async () => {
    const { status, body } = await post(`{"agentId":"a","action":"x","metadata":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`);
    expect([status, body.code, body.violation]).toEqual([422, 'not-i-json', 'too-deep']);
  });

  it('leaves a record with code, pointer, request id and hash, and nothing of the content', async () => {
    const before = (await refusals()).length;
    const raw = '{"agentId":"a","action":"x","content":"my secret","content":"my secret"}';
    await post(raw, { headers: { 'X-Request-Id': 'req-of-mine' } });
    const records = await refusals();
    expect(records.length).toBe(before + 1);
    const record = JSON.parse(records.at(-1)?.body ?? '');
    expect(record).toMatchObject({
      type: 'event.refused',
      requestId: 'req-of-mine',
      details: {
        code: 'duplicate-key',
        pointer: '/content',
        bodyDigest: test.vault.keyed(test.orgId, 'body-digest', createHash('sha256').update(raw).digest('hex')),
      },
    });
    expect(record.actor).toMatch(/^key:[0-9A-Za-z]{8}$/);
    expect(records.at(-1)?.body).not.toContain('my secret');
  });

  it('is recorded even where a member name is as long as the body', async () => {
    const name = '\u{1F600}'.repeat(9_000);
    const { status } = await post(`{"agentId":"a","action":"x","metadata":{"${name}":1e999}}`);
    expect(status).toBe(422);
    expect(JSON.parse((await refusals()).at(-1)?.body ?? '').details.pointer.length).toBeLessThan(520);
  });
});

describe('a member named __proto__', () => {
  it.each(['{"agentId":"a","action":"x","metadata":{"a":[{"__proto__":{"b":1}}]}}', '{"agentId":"a","action":"x","metadata":{"a":[{"\\u005f_proto__":1}]}}'])(
    'is refused instead of silently passed over: %s',
    async (raw) => {
      const { status, body } = await post(raw);
      expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'validation-failed', '/metadata/a/0/__proto__']);
    },
  );
});

describe('the media type', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'application/jsonp', ''])(
    '%p is refused with 415',
    async (type) => {
      const { status, body } = await post('{"agentId":"a","action":"x"}', { headers: { 'Content-Type': type } });
      expect([status, body.code]).toEqual([415, 'unsupported-media-type']);
    },
  );

  it('is refused with 415 where the body is compressed', async () => {
    const { status } = await post('{"agentId":"a","action":"x"}', { headers: { 'Content-Encoding': 'gzip' } });
    expect(status).toBe(415);
  });

  it('may name UTF-8', async () => {
    const { status } = await post('{"agentId":"a","action":"x"}', { headers: { 'Content-Type': 'Application/JSON; charset="UTF-8"' } });
    expect(status).toBe(200);
  });
});

const ofSize = (bytes: number): string => {
  const empty = '{"agentId":"a","action":"x","metadata":{"m":""}}';
  return empty.replace('""}', `"${'m'.repeat(bytes - empty.length)}"}`);
};

const batchOfSize = (bytes: number): string => `{"events":[${Array.from({ length: 20 }, () => ofSize(50_000)).join(',')}]}`.padEnd(bytes, ' ');

describe('the size', () => {
  it('of 64 KiB is taken, one byte more is refused with 413', async () => {
    expect((await post(ofSize(65_536))).status).toBe(200);
    const { status, body } = await post(ofSize(65_537));
    expect([status, body.code, body.maxBytes]).toEqual([413, 'payload-too-large', 65_536]);
  });

  it('of a batch may be 1 MiB and no more', async () => {
    expect((await post(batchOfSize(1_048_576), {}, `${EVENTS}/batch`)).status).toBe(200);
    expect((await post(batchOfSize(1_048_577), {}, `${EVENTS}/batch`)).status).toBe(413);
  });

  it('is refused by its Content-Length alone, before a byte of it was sent', async () => {
    const socket = connect(Number(new URL(test.baseUrl).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      [`POST ${EVENTS} HTTP/1.1`, 'Host: x', `X-API-Key: ${test.ownerKey}`, 'Content-Type: application/json', 'Content-Length: 65537', '', ''].join('\r\n'),
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it('is bounded without Content-Length too, before the sender has finished', async () => {
    const socket = connect(Number(new URL(test.baseUrl).port), '127.0.0.1');
    await once(socket, 'connect');
    const head = [
      `POST ${EVENTS} HTTP/1.1`,
      'Host: x',
      `X-API-Key: ${test.ownerKey}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
      '',
      '',
    ].join('\r\n');
    socket.write(head);
    for (let sent = 0; sent < 70_000; sent += 10_000) socket.write(`2710\r\n${'{'.repeat(10_000)}\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });
});
