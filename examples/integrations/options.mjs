/**
 * What the examples have in common. With `MASTGUARD_API_KEY` (and `MASTGUARD_BASE_URL`, where it is not the hosted one) MastGuard decides; without,
 * a policy in this process does, so that each example runs by itself.
 */
import { decideLocally, PolicyEngine } from '@auxdynamics/mastguard-agent-sdk';

const policy = new PolicyEngine({
  rules: [
    {
      id: 'mail-stays-inside',
      priority: 100,
      // The result of a call is an event of the same action, without arguments.
      when: { actions: ['send_email'], condition: 'has(event.tool.args) && !event.tool.args.to.endsWith("@example.com")' },
      effect: 'block',
      reason: 'Mail goes to example.com only.',
    },
  ],
});

export const options = process.env.MASTGUARD_API_KEY ? { agentId: 'mailer' } : { agentId: 'mailer', decide: decideLocally({ policy }) };
