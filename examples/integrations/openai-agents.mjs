/** OpenAI Agents: what a run begins with is governed before the model hears it, and each tool before it runs. A real model goes where the scripted one is. */
import { Agent, run, setTracingDisabled, tool } from '@openai/agents';
import { assistantMessage, functionCall, ScriptedModel } from '@openai/agents/testing';
import { z } from 'zod';
import { governTool, mastguardInputGuardrail, mastguardOutputGuardrail } from '@auxdynamics/mastguard-agent-sdk/openai-agents';
import { options } from './options.mjs';

setTracingDisabled(true);
const model = new ScriptedModel([
  [functionCall('send_email', { to: 'eve@elsewhere.example' }, { callId: 'call-1' })],
  [functionCall('send_email', { to: 'ann@example.com' }, { callId: 'call-2' })],
  [assistantMessage('I have mailed Ann; Eve is outside.')],
]);

const sendEmail = tool({
  name: 'send_email',
  description: 'Sends an e-mail.',
  parameters: z.object({ to: z.string() }),
  execute: async ({ to }) => {
    console.log(`an e-mail goes to ${to}`);
    return 'sent';
  },
});

const mailer = new Agent({
  name: 'Mailer',
  model,
  tools: [governTool(sendEmail, options)],
  inputGuardrails: [mastguardInputGuardrail(options)],
  outputGuardrails: [mastguardOutputGuardrail(options)],
});
const { finalOutput, newItems } = await run(mailer, 'Mail the minutes to Eve and Ann.');
for (const item of newItems) if (item.type === 'tool_call_output_item') console.log(item.output);
console.log(finalOutput);
