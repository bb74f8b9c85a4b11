import { z } from 'zod';
import { findBlocked } from '../../../sdk/agent/src/find-blocked.ts';
import { PolicyEngine } from '../../../sdk/agent/src/policy-engine.ts';
import { governTools, isDenial, mastguardMiddleware, type MiddlewareOptions } from '../../../sdk/agent/src/integrations/vercel-ai.ts';
import { blocking, scriptDecisions } from '../../sdk/agent/integrations/scripted-decisions.ts';
import { canRun } from './install.ts';
import { loadPeer } from './load.ts';

const suite = canRun('ai') ? describe : describe.skip;

const USAGE = { inputTokens: { total: 3 }, outputTokens: { total: 5 } };
const finish = (unified: string) => ({ type: 'finish', finishReason: { unified, raw: undefined }, usage: USAGE });
const text = (...deltas: string[]) => [
  { type: 'text-start', id: 't1' },
  ...deltas.map((delta) => ({ type: 'text-delta', id: 't1', delta })),
  { type: 'text-end', id: 't1' },
  finish('stop'),
];
const toolCall = (toolName: string, input: object, toolCallId = 'call-1') => ({ type: 'tool-call', toolCallId, toolName, input: JSON.stringify(input) });
const generated = (content: object[], unified = 'stop') => ({ content, finishReason: { unified, raw: undefined }, usage: USAGE, warnings: [] });

suite('AI SDK 6', () => {
  // oxlint-disable-next-line typescript/no-explicit-any
  let ai: any, test: any;
  beforeAll(async () => {
    ai = await loadPeer('ai');
    test = await loadPeer('ai/test');
  });

  const model = (answers: { doGenerate?: object[]; doStream?: object[][] }, options: MiddlewareOptions) => {
    const inner = new test.MockLanguageModelV3({
      doGenerate: answers.doGenerate,
      doStream: answers.doStream?.map((parts) => ({ stream: test.convertArrayToReadableStream([{ type: 'stream-start', warnings: [] }, ...parts]) })),
    });
    return { inner, governed: ai.wrapLanguageModel({ model: inner, middleware: mastguardMiddleware(options) }) };
  };
  const emailTool = (sent: unknown[]) =>
    ai.tool({
      description: 'Sends an e-mail',
      inputSchema: z.object({ to: z.string() }),
      execute: async (args: unknown) => (sent.push(args), { status: 'sent' }),
    });

  it('a call that is allowed is the call it would be without us', async () => {
    const script = scriptDecisions();
    const { governed, inner } = model({ doGenerate: [generated([{ type: 'text', text: 'Hello.' }])] }, script.options);
    const bare = new test.MockLanguageModelV3({ doGenerate: [generated([{ type: 'text', text: 'Hello.' }])] });
    const settings = { system: 'Be kind.', prompt: 'Greet me', maxOutputTokens: 20 };
    const [ours, theirs] = await Promise.all([ai.generateText({ model: governed, ...settings }), ai.generateText({ model: bare, ...settings })]);
    expect([ours.text, ours.finishReason, ours.usage]).toEqual([theirs.text, theirs.finishReason, theirs.usage]);
    expect(inner.doGenerateCalls[0].prompt).toEqual(bare.doGenerateCalls[0].prompt);
    expect(script.told()).toEqual(['user chat: Greet me', 'agent_message chat: Hello.']);
    expect(script.asked[1]).toMatchObject({ metadata: { model: 'mock-model-id', provider: 'mock-provider' } });
  });

  it('who calls for whom may be told per call', async () => {
    const script = scriptDecisions();
    const { governed } = model({ doGenerate: [generated([{ type: 'text', text: 'Hello.' }])] }, script.options);
    const mastguard = { agentId: 'greeter', sessionId: 'thread-7', principal: { user: 'ann' } };
    await ai.generateText({ model: governed, prompt: 'Greet me', providerOptions: { mastguard } });
    expect(script.asked).toMatchObject([mastguard, mastguard]);
  });

  it.each(['generateText', 'streamText'])('what may not reach a model does not (%s)', async (way) => {
    const { governed, inner } = model({ doGenerate: [generated([])], doStream: [text('Hello.')] }, scriptDecisions(blocking('no rules')).options);
    const errors: unknown[] = [];
    try {
      const result = await ai[way]({ model: governed, prompt: 'There are no rules.', onError: ({ error }: { error: unknown }) => void errors.push(error) });
      if (way === 'streamText') await result.consumeStream();
    } catch (error) {
      errors.push(error);
    }
    expect(findBlocked(errors[0])?.decision.value).toBe('BLOCK');
    expect([inner.doGenerateCalls, inner.doStreamCalls]).toEqual([[], []]);
  });

  it('what a model may not say is not handed on', async () => {
    const { governed } = model({ doGenerate: [generated([{ type: 'text', text: 'The password is hunter2.' }])] }, scriptDecisions(blocking('hunter2')).options);
    await expect(ai.generateText({ model: governed, prompt: 'Tell me' })).rejects.toThrow('It is forbidden.');
  });

  describe('tools', () => {
    const answers = () => ({
      doGenerate: [generated([toolCall('send_email', { to: 'eve@example.com' })], 'tool-calls'), generated([{ type: 'text', text: 'Done.' }])],
    });

    it('that are allowed run once, and their result goes back to the model', async () => {
      const script = scriptDecisions();
      const sent: unknown[] = [];
      const { governed, inner } = model(answers(), { ...script.options, toolCalls: 'ignore' });
      const tools = governTools({ send_email: emailTool(sent) }, script.options);
      const { text: said } = await ai.generateText({ model: governed, prompt: 'Mail', tools, stopWhen: ai.stepCountIs(3) });
      expect([said, sent]).toEqual(['Done.', [{ to: 'eve@example.com' }]]);
      expect(inner.doGenerateCalls[1].prompt.at(-1)).toMatchObject({ role: 'tool', content: [{ output: { type: 'json', value: { status: 'sent' } } }] });
    });

    it('that are refused do not run, and the model hears a structured denial and goes on', async () => {
      const script = scriptDecisions(blocking('eve@'));
      const sent: unknown[] = [];
      const options = script.options;
      const { governed, inner } = model(answers(), { ...options, toolCalls: 'ignore' });
      const { text: said } = await ai.generateText({
        model: governed,
        prompt: 'Mail',
        tools: governTools({ send_email: emailTool(sent) }, options),
        stopWhen: ai.stepCountIs(3),
      });
      expect([said, sent]).toEqual(['Done.', []]);
      const { value } = inner.doGenerateCalls[1].prompt.at(-1).content[0].output;
      expect(isDenial(value)).toBe(true);
      expect(value).toMatchObject({ denied: true, reason: 'It is forbidden.', value: 'BLOCK', retryable: false });
    });

    it('have their denial told although they have a form of their own for results', async () => {
      const script = scriptDecisions(blocking('eve@'));
      const own = { ...emailTool([]), toModelOutput: ({ output }: { output: { status: string } }) => ({ type: 'text', value: output.status.toUpperCase() }) };
      const { governed, inner } = model(answers(), { ...script.options, toolCalls: 'ignore' });
      await ai.generateText({ model: governed, prompt: 'Mail', tools: governTools({ send_email: own }, script.options), stopWhen: ai.stepCountIs(3) });
      expect(inner.doGenerateCalls[1].prompt.at(-1).content[0].output).toMatchObject({ type: 'json', value: { denied: true } });
    });

    it('of a governed model alone end the call where they are refused, before anybody runs them', async () => {
      const sent: unknown[] = [];
      const { governed } = model(answers(), scriptDecisions(blocking('eve@')).options);
      const call = ai.generateText({ model: governed, prompt: 'Mail', tools: { send_email: emailTool(sent) }, stopWhen: ai.stepCountIs(3) });
      await expect(call).rejects.toThrow('It is forbidden.');
      expect(sent).toEqual([]);
    });

    it('that stream are heard to their end before anything of them is', async () => {
      const script = scriptDecisions();
      const streaming = ai.tool({
        inputSchema: z.object({ to: z.string() }),
        async *execute() {
          yield { status: 'sending' };
          yield { status: 'sent' };
        },
      });
      const { governed } = model(answers(), { ...script.options, toolCalls: 'ignore' });
      const result = await ai.generateText({
        model: governed,
        prompt: 'Mail',
        tools: governTools({ send_email: streaming }, script.options),
        stopWhen: ai.stepCountIs(3),
      });
      expect(result.steps[0].toolResults[0].output).toEqual({ status: 'sent' });
      expect(script.told()).toContain('tool_result send_email: {"status":"sent"}');
    });
  });

  describe('a stream', () => {
    const words = Array.from({ length: 60 }, (_, index) => `word${index} `);
    const run = async (parts: object[], options: MiddlewareOptions, more: object = {}) => {
      const { governed } = model({ doStream: [parts] }, options);
      const errors: unknown[] = [];
      const result = ai.streamText({ model: governed, prompt: 'Go', onError: ({ error }: { error: unknown }) => void errors.push(error), ...more });
      // oxlint-disable-next-line typescript/no-explicit-any
      const seen: any[] = [];
      for await (const part of result.fullStream) seen.push(part);
      const shown = seen.flatMap((part) => (part.type === 'text-delta' ? [part.text] : [])).join('');
      return { seen, shown, errors, result };
    };

    it('that is allowed arrives whole, in its own pieces, and is decided as a whole', async () => {
      const script = scriptDecisions();
      const { shown, seen, errors, result } = await run(text(...words), { ...script.options, windowChars: 40 });
      expect([shown, errors]).toEqual([words.join(''), []]);
      expect(seen.filter(({ type }) => type === 'text-delta')).toHaveLength(words.length);
      expect([await result.finishReason, script.told().at(-1)]).toEqual(['stop', `agent_message chat: ${words.join('')}`]);
    });

    it('goes out while it is still coming, a window behind', async () => {
      const parts = [{ type: 'stream-start', warnings: [] }, ...text(...words)];
      let sent = 0;
      const counting = () =>
        new ReadableStream({ pull: (controller) => (sent < parts.length ? controller.enqueue(parts[sent++]) : controller.close()) }, { highWaterMark: 0 });
      const inner = new test.MockLanguageModelV3({ doStream: () => Promise.resolve({ stream: counting() }) });
      const governed = ai.wrapLanguageModel({ model: inner, middleware: mastguardMiddleware({ ...scriptDecisions().options, windowChars: 40 }) });
      let sentAtFirst = 0;
      for await (const part of ai.streamText({ model: governed, prompt: 'Go' }).fullStream) {
        if (part.type === 'text-delta' && sentAtFirst === 0) sentAtFirst = sent;
      }
      expect(sentAtFirst).toBeGreaterThan(5);
      expect(sentAtFirst).toBeLessThan(parts.length);
    });

    it('that says at its end what it may not shows nothing of the last window', async () => {
      const script = scriptDecisions(blocking('hunter2'));
      const { shown, errors } = await run(text(...words, 'The password ', 'is hun', 'ter2.'), { ...script.options, windowChars: 60 });
      expect(findBlocked(errors[0])?.decision.reasons).toEqual(['It is forbidden.']);
      expect(shown).toContain('word40');
      expect(shown).not.toContain('password');
    });

    describe('of which this process would stop something', () => {
      const policy = new PolicyEngine({
        rules: [{ id: 'no-secrets', priority: 1, when: { condition: 'event.content.contains("hunter2")' }, effect: 'block', reason: 'no' }],
      });
      const parts = text(...words.slice(0, 20), 'The password is ', 'hunter', '2. ', ...words);

      it('ends there, where MastGuard says the same, and nothing of it is shown', async () => {
        const script = scriptDecisions(blocking('hunter2'));
        const { shown, errors } = await run(parts, { ...script.options, policy, windowChars: 40 });
        expect([findBlocked(errors[0])?.decision.value, shown.includes('word5'), shown.includes('password')]).toEqual(['BLOCK', true, false]);
        // It was decided long before the end.
        expect(script.told().at(-1)).not.toContain('word59');
      });

      it('goes on, where MastGuard has nothing against it', async () => {
        const { shown, errors } = await run(parts, { ...scriptDecisions().options, policy, windowChars: 40 });
        expect([errors, shown]).toEqual([[], [...words.slice(0, 20), 'The password is hunter2. ', ...words].join('')]);
      });
    });

    it('has no tool run whose call is refused, nor its arguments shown', async () => {
      const sent: unknown[] = [];
      const parts = [
        { type: 'tool-input-start', id: 'call-1', toolName: 'send_email' },
        { type: 'tool-input-delta', id: 'call-1', delta: '{"to":"eve@example.com"}' },
        { type: 'tool-input-end', id: 'call-1' },
        toolCall('send_email', { to: 'eve@example.com' }),
        finish('tool-calls'),
      ];
      const { errors, seen } = await run(parts, scriptDecisions(blocking('eve@')).options, { tools: { send_email: emailTool(sent) } });
      expect([sent, findBlocked(errors[0])?.decision.value]).toEqual([[], 'BLOCK']);
      expect(seen.map(({ type }) => type)).not.toContain('tool-call');
      expect(JSON.stringify(seen.filter(({ type }) => String(type).startsWith('tool-input')))).not.toContain('eve@');
    });
  });
});
