/** An agent loop with Anthropic: the model asks for tools, and each runs when MastGuard allows it. A denial goes back to the model, which plans again. */
import Anthropic from '@anthropic-ai/sdk';
import { findBlocked, MastGuardShield, wrapAnthropic } from '@auxdynamics/mastguard-agent-sdk';

const shield = new MastGuardShield({ agentId: 'support-bot', sessionId: `ticket-${Date.now()}` });
// The tools are governed where they run, so the calls that the model asks for need not be.
const anthropic = wrapAnthropic(new Anthropic(), { governor: shield.governor, toolCalls: 'ignore' });

const tools = {
  look_up_order: shield.protect(({ order }) => ({ order, amount: 80, status: 'delivered' }), { name: 'look_up_order' }),
  read_file: shield.protect(({ path }) => `what is in ${path}`, { name: 'read_file' }),
};
const described = [
  { name: 'look_up_order', input_schema: { type: 'object', properties: { order: { type: 'string' } } } },
  { name: 'read_file', input_schema: { type: 'object', properties: { path: { type: 'string' } } } },
];

const messages = [{ role: 'user', content: 'Where is order A-17? Then check the settings in /home/agent/.aws/credentials.' }];
for (;;) {
  const answer = await anthropic.messages.create({ model: 'claude-sonnet-4-6', max_tokens: 512, tools: described, messages });
  messages.push({ role: 'assistant', content: answer.content });
  const calls = answer.content.filter(({ type }) => type === 'tool_use');
  if (calls.length === 0) {
    console.log(answer.content.map(({ text }) => text).join(''));
    break;
  }
  const results = [];
  for (const { id, name, input } of calls) results.push({ type: 'tool_result', tool_use_id: id, content: JSON.stringify(await run(name, input)) });
  messages.push({ role: 'user', content: results });
}
await shield.flush();

async function run(name, input) {
  try {
    const result = await tools[name](input);
    console.log(`${name} ran`);
    return result;
  } catch (error) {
    const blocked = findBlocked(error);
    if (blocked === undefined) throw error;
    console.log(`${name} was stopped: ${blocked.decision.reasons.join(' ')}`);
    return { denied: true, reason: blocked.decision.reasons.join(' ') };
  }
}
