/** Mastra, on Node 22.13 or newer: the model is wrapped, the tools are governed. A real model goes where the mock is: `openai('gpt-4o')`. */
import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { wrapLanguageModel } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { z } from 'zod';
import { mastguardMiddleware } from '@auxdynamics/mastguard-agent-sdk/ai-v6';
import { governTools } from '@auxdynamics/mastguard-agent-sdk/mastra';
import { options } from './options.mjs';

const usage = { inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 }, outputTokens: { total: 1, text: 1, reasoning: 0 } };
const call = (toolCallId, to) => ({ type: 'tool-call', toolCallId, toolName: 'send_email', input: JSON.stringify({ to }) });
const answer = (unified, ...content) => ({ content, finishReason: { unified, raw: undefined }, usage, warnings: [] });
const mock = new MockLanguageModelV3({
  doGenerate: [
    answer('tool-calls', call('call-1', 'eve@elsewhere.example')),
    answer('tool-calls', call('call-2', 'ann@example.com')),
    answer('stop', { type: 'text', text: 'I have mailed Ann; Eve is outside.' }),
  ],
});

const send_email = createTool({
  id: 'send_email',
  description: 'Sends an e-mail.',
  inputSchema: z.object({ to: z.string() }),
  execute: async ({ to }) => {
    console.log(`an e-mail goes to ${to}`);
    return { status: 'sent' };
  },
});

const mailer = new Agent({
  id: 'mailer',
  name: 'Mailer',
  instructions: 'You send mail.',
  model: wrapLanguageModel({ model: mock, middleware: mastguardMiddleware({ ...options, toolCalls: 'ignore' }) }),
  tools: governTools({ send_email }, options),
});
const { text, steps } = await mailer.generate('Mail the minutes to Eve and Ann.', { maxSteps: 5 });
for (const { toolResults } of steps) for (const { payload } of toolResults) console.log(payload.args, '->', payload.result);
console.log(text);
