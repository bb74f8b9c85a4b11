/** A wrapped client of OpenAI: every call is scored, logged and forwarded. */
import OpenAI from 'openai';
import { wrapOpenAI } from '@auxdynamics/mastguard-agent-sdk';
import { MastGuardClient } from '@auxdynamics/mastguard-sdk';

const openai = wrapOpenAI(new OpenAI(), { agentId: 'ticket-summaries' });
const response = await openai.chat.completions.create({
  model: 'gpt-4o',
  messages: [{ role: 'user', content: 'Summarise this ticket: the invoice of May was sent twice.' }],
});
console.log(response.choices[0].message.content);

// What was recorded of it, as the dashboard shows it.
const mg = new MastGuardClient();
const { data } = await mg.governance.events.list({ agentId: 'ticket-summaries' }).page();
for (const { action, value, riskScore } of data.toReversed()) console.log(`${action}: ${value}, risk ${riskScore}`);
