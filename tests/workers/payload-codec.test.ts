import { randomBytes, randomUUID } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import * as fc from 'fast-check';
import { createPayloadCodec } from '../../workers/payload-codec.ts';

const codec = createPayloadCodec(randomBytes(32));
const ORG = randomUUID();
const within = (orgId: string) => ({ type: 'workflow' as const, namespace: 'n', workflowId: `gov/${orgId}/e1` });
const payloadOf = (text: string): Payload => ({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) });
const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();
const encrypted = async (text: string, orgId = ORG): Promise<Payload> => (await codec.encode([payloadOf(text)], within(orgId)))[0] as Payload;
const data = (payload: Payload): Buffer => Buffer.from(payload.data ?? []);

test('what was encoded comes back to the byte, metadata included', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.string(), fc.uint8Array()), { maxLength: 5 }), async (contents) => {
      const payloads = contents.map(([encoding, bytes]) => ({ metadata: { encoding: Buffer.from(encoding) }, data: bytes }));
      const back = await codec.decode(await codec.encode(payloads, within(ORG)), within(ORG));
      expect(back.map(({ metadata, data: bytes }) => [textOf(metadata?.['encoding']), [...(bytes ?? [])]])).toEqual(
        contents.map(([encoding, bytes]) => [encoding, [...bytes]]),
      );
    }),
  );
});

test('nothing of the text stands in the ciphertext, and the same text never encrypts the same twice', async () => {
  const several = await Promise.all(Array.from({ length: 600 }, () => encrypted('"a secret sentence"')));
  for (const payload of several) expect(data(payload).includes('secret')).toBe(false);
  expect(new Set(several.map((payload) => data(payload).subarray(0, 12).toString('hex'))).size).toBe(600);
});

test('the organisation of the workflow id names the key; without one it is the system key', async () => {
  expect(textOf((await encrypted('1')).metadata?.['encryption-key-id'])).toBe(`v1:${ORG}`);
  for (const workflowId of ['maintain-ledger', 'gov/not-an-organisation/e1', '']) {
    const [payload] = await codec.encode([payloadOf('1')], { type: 'workflow', namespace: 'n', workflowId });
    expect(textOf(payload?.metadata?.['encryption-key-id'])).toBe('v1:system');
  }
});

test('a payload is bound to its organisation: under the name of another it does not open', async () => {
  const payload = await encrypted('"x"');
  const moved = { ...payload, metadata: { ...payload.metadata, 'encryption-key-id': Buffer.from(`v1:${randomUUID()}`) } };
  await expect(codec.decode([moved], within(ORG))).rejects.toThrow();
});

test('any changed byte is noticed', async () => {
  const payload = await encrypted('"x"');
  for (let at = 0; at < data(payload).length; at += 1) {
    const bytes = Buffer.from(data(payload));
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await expect(codec.decode([{ ...payload, data: bytes }], within(ORG))).rejects.toThrow();
  }
});

test('cut-off payloads and another master key fail instead of answering something', async () => {
  const payload = await encrypted('"x"');
  for (const length of [0, 11, 27, 28]) await expect(codec.decode([{ ...payload, data: data(payload).subarray(0, length) }], within(ORG))).rejects.toThrow();
  await expect(createPayloadCodec(randomBytes(32)).decode([payload], within(ORG))).rejects.toThrow();
  expect(() => createPayloadCodec(randomBytes(16))).toThrow('32 bytes');
});

test('a payload that was never encrypted is passed on, so that encryption can be turned on later', async () => {
  const plain = payloadOf('"plain"');
  expect(await codec.decode([plain], within(ORG))).toEqual([plain]);
});

test('a process that starts later opens what an earlier one wrote', async () => {
  const key = Buffer.alloc(32, 9);
  const [payload] = await createPayloadCodec(key).encode([payloadOf('"kept"')], within(ORG));
  const [back] = await createPayloadCodec(Buffer.alloc(32, 9)).decode([payload as Payload], within(ORG));
  expect(textOf(back?.data)).toBe('"kept"');
});
