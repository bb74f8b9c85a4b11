/** LangChain 1: one middleware governs model and tools. A real model goes where the fake is: `model: 'openai:gpt-4o'`. */
import { AIMessage } from '@langchain/core/messages';
import { fakeModel } from '@langchain/core/testing';
import { createAgent, createMiddleware, tool, ToolMessage } from 'langchain';
import { z } from 'zod';
import { mastguardMiddleware } from '@auxdynamics/mastguard-agent-sdk/langchain';
import { options } from './options.mjs';

const model = fakeModel()
  .respondWithTools([{ name: 'send_email', args: { to: 'eve@elsewhere.example' } }])
  .respondWithTools([{ name: 'send_email', args: { to: 'ann@example.com' } }])
  .respond(new AIMessage('I have mailed Ann; Eve is outside.'));

const sendEmail = tool(
  ({ to }) => {
    console.log(`an e-mail goes to ${to}`);
    return 'sent';
  },
  { name: 'send_email', description: 'Sends an e-mail.', schema: z.object({ to: z.string() }) },
);

const agent = createAgent({ model, tools: [sendEmail], middleware: [mastguardMiddleware({ createMiddleware, ToolMessage }, options)] });
const { messages } = await agent.invoke({ messages: [{ role: 'user', content: 'Mail the minutes to Eve and Ann.' }] });
for (const message of messages.slice(1)) console.log(`${message.type}: ${message.text}`);
