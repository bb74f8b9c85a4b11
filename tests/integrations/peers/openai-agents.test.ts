import { z } from 'zod';
import {
  governTool,
  mastguardApproval,
  mastguardInputGuardrail,
  mastguardOutputGuardrail,
  mastguardToolInputGuardrail,
  mastguardToolOutputGuardrail,
} from '../../../sdk/agent/src/integrations/openai-agents.ts';
import { blocking, scriptDecisions } from '../../sdk/agent/integrations/scripted-decisions.ts';
import { canRun } from './install.ts';
import { loadPeer } from './load.ts';

const suite = canRun('@openai/agents') ? describe : describe.skip;

suite('OpenAI Agents', () => {
  // oxlint-disable-next-line typescript/no-explicit-any
  let agents: any, testing: any;
  beforeAll(async () => {
    agents = await loadPeer('@openai/agents');
    testing = await loadPeer('@openai/agents/testing');
    agents.setTracingDisabled(true);
  });

  const says = (text: string) => [testing.assistantMessage(text)];
  const mails = () => new testing.ScriptedModel([[testing.functionCall('send_email', { to: 'eve@example.com' }, { callId: 'call-1' })], says('Done.')]);
  const emailTool = (sent: unknown[], more: object = {}) =>
    agents.tool({
      name: 'send_email',
      description: 'Sends an e-mail',
      parameters: z.object({ to: z.string() }),
      execute: (args: unknown) => (sent.push(args), 'sent'),
      ...more,
    });
  // oxlint-disable-next-line typescript/no-explicit-any
  const agent = (model: any, more: object = {}) => new agents.Agent({ name: 'Mailer', model, ...more });
  // oxlint-disable-next-line typescript/no-explicit-any
  const heardOfTool = (model: any) => model.calls.at(-1).request.input.find(({ type }: { type: string }) => type === 'function_call_result').output;

  describe('guardrails', () => {
    it('of what a run begins with stop it before the model is called', async () => {
      const model = mails();
      const options = scriptDecisions(blocking('no rules')).options;
      const run = agents.run(agent(model, { inputGuardrails: [mastguardInputGuardrail(options)] }), 'There are no rules.');
      const error = await run.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(agents.InputGuardrailTripwireTriggered);
      expect(error.result.output.outputInfo).toMatchObject({ denial: { denied: true, reason: 'It is forbidden.' } });
      expect(model.calls).toEqual([]);
    });

    it('hear a conversation of items, and let pass what is allowed', async () => {
      const script = scriptDecisions();
      const input = [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hello.' }] },
        { role: 'user', content: [{ type: 'input_text', text: 'Mail Eve' }] },
      ];
      const model = new testing.ScriptedModel([says('Done.')]);
      const { finalOutput } = await agents.run(agent(model, { inputGuardrails: [mastguardInputGuardrail(script.options)] }), input);
      expect([finalOutput, script.told()]).toEqual(['Done.', ['user chat: Hello\nMail Eve']]);
    });

    it('of what a run answers trip over what may not be said', async () => {
      const options = scriptDecisions(blocking('hunter2')).options;
      const run = agents.run(agent(new testing.ScriptedModel([says('It is hunter2.')]), { outputGuardrails: [mastguardOutputGuardrail(options)] }), 'Tell me');
      await expect(run).rejects.toBeInstanceOf(agents.OutputGuardrailTripwireTriggered);
    });

    it('of a tool let it run once where it is allowed', async () => {
      const script = scriptDecisions();
      const sent: unknown[] = [];
      const guarded = emailTool(sent, {
        inputGuardrails: [mastguardToolInputGuardrail(script.options)],
        outputGuardrails: [mastguardToolOutputGuardrail(script.options)],
      });
      const { finalOutput } = await agents.run(agent(mails(), { tools: [guarded] }), 'Mail');
      expect([finalOutput, sent]).toEqual(['Done.', [{ to: 'eve@example.com' }]]);
      expect(script.told()).toEqual(['send_email({"to":"eve@example.com"})', 'tool_result send_email: sent']);
    });

    it('of a tool keep it from running where it is refused, and the model hears a structured denial', async () => {
      const sent: unknown[] = [];
      const model = mails();
      const guarded = emailTool(sent, { inputGuardrails: [mastguardToolInputGuardrail(scriptDecisions(blocking('eve@')).options)] });
      const { finalOutput } = await agents.run(agent(model, { tools: [guarded] }), 'Mail');
      expect([finalOutput, sent]).toEqual(['Done.', []]);
      expect(JSON.parse(heardOfTool(model).text)).toMatchObject({ denied: true, reason: 'It is forbidden.', retryable: false });
    });

    it('of a tool end the run where the host wants that', async () => {
      const sent: unknown[] = [];
      const options = { ...scriptDecisions(blocking('eve@')).options, onDenied: 'throw' as const };
      const run = agents.run(agent(mails(), { tools: [emailTool(sent, { inputGuardrails: [mastguardToolInputGuardrail(options)] })] }), 'Mail');
      const error = await run.catch((thrown: unknown) => thrown);
      expect(error.error).toBeInstanceOf(agents.ToolInputGuardrailTripwireTriggered);
      expect(sent).toEqual([]);
    });

    it('of a tool keep from the model what it may not hear', async () => {
      const model = mails();
      const guarded = emailTool([], { outputGuardrails: [mastguardToolOutputGuardrail(scriptDecisions(blocking('sent')).options)] });
      await agents.run(agent(model, { tools: [guarded] }), 'Mail');
      expect(JSON.parse(heardOfTool(model).text)).toMatchObject({ denied: true });
    });
  });

  describe('a governed tool', () => {
    it('runs once where it is allowed, and its result is judged', async () => {
      const script = scriptDecisions();
      const sent: unknown[] = [];
      const model = mails();
      const { finalOutput } = await agents.run(agent(model, { tools: [governTool(emailTool(sent), script.options)] }), 'Mail');
      expect([finalOutput, sent, heardOfTool(model).text]).toEqual(['Done.', [{ to: 'eve@example.com' }], 'sent']);
      expect(script.told()).toEqual(['send_email({"to":"eve@example.com"})', 'tool_result send_email: sent']);
      expect(script.asked[0]).toMatchObject({ metadata: { toolCallId: 'call-1' } });
    });

    it('does not run where it is refused, and the model hears a structured denial', async () => {
      const sent: unknown[] = [];
      const model = mails();
      await agents.run(agent(model, { tools: [governTool(emailTool(sent), scriptDecisions(blocking('eve@')).options)] }), 'Mail');
      expect(sent).toEqual([]);
      expect(JSON.parse(heardOfTool(model).text)).toMatchObject({ denied: true, reason: 'It is forbidden.' });
    });

    it('asks nobody in the host where the decision is no review', async () => {
      const script = scriptDecisions();
      const sent: unknown[] = [];
      const result = await agents.run(agent(mails(), { tools: [governTool(emailTool(sent), { ...script.options, approval: 'sdk' })] }), 'Mail');
      expect([result.interruptions, sent.length]).toEqual([[], 1]);
      // One decision for the approval and the call.
      expect(script.told()).toEqual(['send_email({"to":"eve@example.com"})', 'tool_result send_email: sent']);
    });

    it('may have its approval and its guardrail apart, with one decision between them', async () => {
      const script = scriptDecisions();
      const sent: unknown[] = [];
      const { options } = script;
      const parts = { needsApproval: mastguardApproval('send_email', options), inputGuardrails: [mastguardToolInputGuardrail(options)] };
      await agents.run(agent(mails(), { tools: [emailTool(sent, parts)] }), 'Mail');
      expect([sent.length, script.told()]).toEqual([1, ['send_email({"to":"eve@example.com"})']]);
    });
  });
});
