/**
 * The approval flow of AI SDK 6 against a running product: it compares constructors of objects, which differ inside a test. Prints what came of it as
 * one line of JSON. From the environment: PRODUCT_URL, AGENT_KEY, REVIEWER_KEY.
 */
import { MastGuardClient } from '../../../sdk/compliance/src/client.ts';
import { governTools } from '../../../sdk/agent/src/integrations/vercel-ai.ts';

const load = (name) => import(name);
const { generateText, stepCountIs, tool } = await load('ai');
const { MockLanguageModelV3 } = await load('ai/test');
const { z } = await load('zod');

const { PRODUCT_URL: baseUrl, AGENT_KEY: apiKey, REVIEWER_KEY: reviewerKey } = process.env;
const mg = new MastGuardClient({ apiKey, baseUrl });
const reviewer = new MastGuardClient({ apiKey: reviewerKey, baseUrl });
const agentId = 'approving-agent';

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const answer = (unified, ...content) => ({ content, finishReason: { unified, raw: undefined }, usage, warnings: [] });
const model = new MockLanguageModelV3({
  doGenerate: [
    answer('tool-calls', { type: 'tool-call', toolCallId: 'call-1', toolName: 'refund', input: '{"amount":80}' }),
    answer('stop', { type: 'text', text: 'Done.' }),
  ],
});
const runs = [];
const refund = tool({
  inputSchema: z.object({ amount: z.number() }),
  execute: async (args) => {
    runs.push(args);
    return { status: 'refunded' };
  },
});
const tools = governTools({ refund }, { client: mg, agentId, deadlineMs: 120_000, approval: 'sdk' });
const settings = { model, tools, stopWhen: stepCountIs(3) };

const messages = [{ role: 'user', content: 'Refund' }];
const stopped = await generateText({ ...settings, messages });
const request = stopped.content.find(({ type }) => type === 'tool-approval-request');
const runsWhenStopped = runs.length;
const { data } = await mg.hitl.queue().page();
await reviewer.hitl.decide(data.find((review) => review.agentId === agentId).id, { verb: 'approve' });
const response = { role: 'tool', content: [{ type: 'tool-approval-response', approvalId: request.approvalId, approved: true }] };
const { text } = await generateText({ ...settings, messages: [...messages, ...stopped.response.messages, response] });
const asked = await mg.governance.events.list({ agentId, value: 'HITL' }).page();
process.stdout.write(`${JSON.stringify({ tool: request.toolCall.toolName, runsWhenStopped, runs, text, questions: asked.data.length })}\n`);
