import { setImmediate as turn } from 'node:timers/promises';
import { findBlocked } from '../../../../sdk/agent/src/find-blocked.ts';
import { governedStream } from '../../../../sdk/agent/src/integrations/vercel-ai-stream.ts';
import { governedPart } from '../../../../sdk/agent/src/integrations/vercel-ai-parts.ts';
import type { StreamPart } from '../../../../sdk/agent/src/integrations/vercel-ai-model.ts';
import { FORBIDDEN, notingGovernor, type NotingOptions } from '../../../support/noting-governor.ts';

const said = (delta: string): StreamPart => ({ type: 'text-delta', id: 't1', delta });
const words = Array.from({ length: 30 }, (_, index) => `word${index} `);
const text = words.join('');

/** A governed answer of which the test is the provider. */
function answering(noting: NotingOptions = {}) {
  const governor = notingGovernor(noting);
  const aborting = new AbortController();
  let provider!: ReadableStreamDefaultController<StreamPart>;
  const source = new ReadableStream<StreamPart>({ start: (controller) => void (provider = controller) });
  const draft = { action: 'chat', metadata: { model: 'm-1' } };
  const governed = governedStream(source, { governor, draft, decidesTools: true, signal: aborting.signal, windowChars: 20 });
  const reader = governed.getReader();
  for (const word of words) provider.enqueue(said(word));
  const drain = async (): Promise<unknown> => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) if ('error' in read.value) return read.value.error;
    return undefined;
  };
  return { governor, aborting, provider, reader, drain };
}

const told = (finish: string) => [{ action: 'chat', channel: 'agent_message', content: text, metadata: { model: 'm-1', finish } }];

describe('a streamed answer', () => {
  it('that fails is recorded as far as it came', async () => {
    const { governor, provider, drain } = answering();
    const drained = drain();
    await turn();
    provider.error(new Error('the provider is gone'));
    await expect(drained).rejects.toThrow('the provider is gone');
    expect([governor.asked, governor.observed]).toEqual([[], told('error')]);
  });

  it('that is aborted is recorded as far as it came', async () => {
    const { governor, aborting, provider, drain } = answering();
    const drained = drain();
    await turn();
    aborting.abort();
    provider.error(aborting.signal.reason);
    await expect(drained).rejects.toThrow('aborted');
    expect(governor.observed).toEqual(told('cancelled'));
  });

  it('that ends with a refused call is recorded as far as it came', async () => {
    const { governor, provider, drain } = answering();
    provider.enqueue({ type: 'tool-call', toolCallId: 'c1', toolName: 'send', input: `{"to":"${FORBIDDEN}"}` } as StreamPart);
    expect(findBlocked(await drain())).toBeDefined();
    expect(governor.observed).toEqual(told('blocked'));
  });

  it('that is refused stands in its decision, and is not recorded again', async () => {
    const { governor, provider, drain } = answering();
    provider.enqueue(said(FORBIDDEN));
    provider.close();
    expect(findBlocked(await drain())).toBeDefined();
    expect(governor.observed).toEqual([]);
  });

  it('whose reader leaves while more is awaited is recorded once, and nobody is asked about it', async () => {
    const { governor, drain, reader } = answering();
    const drained = drain();
    await turn();
    await reader.cancel();
    await drained;
    await turn();
    expect([governor.asked, governor.observed]).toEqual([[], told('cancelled')]);
  });

  it('whose reader leaves while it is decided waits for no decision', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const { governor, provider, drain, reader } = answering();
    governor.permit = (_draft, options) => (signals.push(options?.signal), new Promise(() => undefined));
    provider.close();
    void drain();
    while (signals.length === 0) await turn();
    await reader.cancel();
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });
});

it.each([true, false])(
  'a call with arguments that are too long for an event is told in several, whether or not the provider has made it: %s',
  async (providerExecuted) => {
    const governor = notingGovernor();
    const parts = { governor, draft: { action: 'chat' }, decidesTools: true, signal: undefined };
    const part = { type: 'tool-call', toolCallId: 'c1', toolName: 'write', input: JSON.stringify({ path: '/a', text: 'x'.repeat(70_000) }), providerExecuted };
    expect(await governedPart(part, parts)).toBe(part);
    const events = providerExecuted ? governor.observed : governor.asked;
    expect(events).toMatchObject([{ action: 'write', tool: { args: { path: '/a' } } }, { channel: 'tool_args' }, { channel: 'tool_args' }]);
    for (const event of events) expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(65_000);
  },
);
