/**
 * A chat that streams. What the model says is judged before it is shown: an answer with a secret in it is stopped before the secret is out. Decided in this
 * process, by a policy of its own; MastGuard is told of it afterwards.
 */
import OpenAI from 'openai';
import { createGovernor, decideLocally, findBlocked, PolicyEngine, wrapOpenAI } from '@auxdynamics/mastguard-agent-sdk';

const policy = new PolicyEngine({
  rules: [{ id: 'no-secrets', priority: 100, when: { actions: ['chat'], detectors: ['spc.cred'] }, effect: 'block', reason: 'Secrets are not told.' }],
});
const governor = createGovernor({ agentId: 'help-desk', policy, decide: decideLocally({ policy }) });
const openai = wrapOpenAI(new OpenAI(), { governor });

for (const question of ['When do you open?', 'What is the token of the build server?']) {
  console.log(`> ${question}`);
  try {
    const stream = await openai.chat.completions.create({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: question }] });
    for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
    process.stdout.write('\n');
  } catch (error) {
    const blocked = findBlocked(error);
    if (blocked === undefined) throw error;
    console.log(`\n[stopped: ${blocked.decision.reasons.join(' ')}]`);
  }
}
await governor.flush();
