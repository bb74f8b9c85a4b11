import { lazyResponse } from '../../../../sdk/agent/src/wrap/lazy-response.ts';
import type { BodySource } from '../../../../sdk/agent/src/wrap/body-source.ts';

const TEXT = '{"a":1}';

function sourceOf(text = TEXT): BodySource {
  const chunks = text.split('').map((letter) => new TextEncoder().encode(letter));
  return { pull: async () => chunks.shift(), cancel: () => undefined, idle: () => undefined };
}

const original = (): Response => Response.json({ not: 'this' }, { status: 201, statusText: 'Made', headers: { 'x-request-id': 'req_1' } });
const governed = (): Response => lazyResponse(original(), sourceOf());

describe('a response in the place of another', () => {
  it('says what the other says, and gives its own body in whatever way it is asked for', async () => {
    const response = governed();
    expect(response).toBeInstanceOf(Response);
    expect([response.status, response.ok, response.statusText, response.headers.get('x-request-id')]).toEqual([201, true, 'Made', 'req_1']);
    expect(await governed().json()).toEqual({ a: 1 });
    expect(await governed().text()).toBe(TEXT);
    expect(new TextDecoder().decode(await governed().arrayBuffer())).toBe(TEXT);
    expect(await (await governed().blob()).text()).toBe(TEXT);
    expect(await new Response(governed().body).text()).toBe(TEXT);
    expect(await governed().clone().text()).toBe(TEXT);
  });

  it('gives it once', async () => {
    const response = governed();
    expect(response.bodyUsed).toBe(false);
    await response.json();
    expect(response.bodyUsed).toBe(true);
    await expect(response.text()).rejects.toThrow(TypeError);
    expect(() => response.clone()).toThrow(TypeError);
    const streamed = governed();
    expect(streamed.body?.locked).toBe(false);
    await streamed.text();
    expect(streamed.bodyUsed).toBe(true);
  });

  it('fails with what its source fails with', async () => {
    const failing = new Error('no more');
    const source: BodySource = { ...sourceOf(), pull: () => Promise.reject(failing) };
    await expect(lazyResponse(original(), source).json()).rejects.toBe(failing);
    await expect(lazyResponse(original(), source).blob()).rejects.toBe(failing);
  });
});
