/**
 * What the integrations make, given to the frameworks as their own types want it; nobody runs it. `tsc` reads it with the `tsconfig.json` beside it, where the
 * frameworks are installed. The examples, which it reads as well, show the rest.
 */
import { Agent as MastraAgent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { Agent, tool } from '@openai/agents';
import { streamText, tool as aiTool, wrapLanguageModel } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import express from 'express';
import { createAgent, createMiddleware, ToolMessage } from 'langchain';
import { z } from 'zod';
import { governTool as governAiTool, governTools as governAiTools, mastguardMiddleware } from '@auxdynamics/mastguard-agent-sdk/ai-v6';
import { mastguardExpress } from '@auxdynamics/mastguard-agent-sdk/express';
import { mastguardMiddleware as langchainMiddleware } from '@auxdynamics/mastguard-agent-sdk/langchain';
import { governTools as governMastraTools, mastguardProcessor, mastguardToolHooks } from '@auxdynamics/mastguard-agent-sdk/mastra';
import {
  governTool,
  mastguardApproval,
  mastguardInputGuardrail,
  mastguardOutputGuardrail,
  mastguardToolInputGuardrail,
  mastguardToolOutputGuardrail,
} from '@auxdynamics/mastguard-agent-sdk/openai-agents';

/** @type {import('ai').LanguageModelMiddleware} */
export const middleware = mastguardMiddleware({});
const model = wrapLanguageModel({ model: new MockLanguageModelV3(), middleware });
const weather = aiTool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => ({ city, degrees: 12 }) });
const tools = governAiTools({ weather, other: governAiTool(weather, { name: 'other' }) }, { approval: 'sdk' });
export const stream = streamText({ model, tools, prompt: '' });
/** @type {PromiseLike<string[]>} The tools have kept their types. */
export const cities = stream.toolCalls.then((calls) => calls.flatMap((call) => (call.dynamic ? [] : [call.input.city])));

export const agent = createAgent({
  model: 'openai:gpt-4o',
  tools: [],
  middleware: [langchainMiddleware({ createMiddleware, ToolMessage }, { stream: 'pass' })],
});

const look = tool({
  name: 'look',
  description: '',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => city,
  needsApproval: mastguardApproval('look', {}),
  inputGuardrails: [mastguardToolInputGuardrail({})],
  outputGuardrails: [mastguardToolOutputGuardrail({ onDenied: 'throw' })],
});
export const looker = new Agent({
  name: 'Looker',
  tools: [look, governTool(look, { approval: 'sdk' })],
  inputGuardrails: [mastguardInputGuardrail({})],
  outputGuardrails: [mastguardOutputGuardrail({})],
});

const processor = mastguardProcessor({});
export const mastra = new MastraAgent({
  id: 'm',
  name: 'm',
  instructions: '',
  model,
  tools: governMastraTools(
    { look: createTool({ id: 'look', description: '', inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => ({ city }) }) },
    {},
  ),
  hooks: mastguardToolHooks({}),
  inputProcessors: [processor],
  outputProcessors: [processor],
});

express().post(
  '/',
  mastguardExpress({ event: (req) => ({ action: 'pay', tool: { name: 'pay', args: req.body } }) }),
  (_req, res) => void res.json({ done: true }),
);
