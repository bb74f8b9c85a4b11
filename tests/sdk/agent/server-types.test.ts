import type { EventInput as SentEvent } from '../../../sdk/compliance/src/api-types.ts';
import type { PolicySet as GivenPolicySet } from '../../../sdk/agent/src/policy-set.ts';
import { PolicyEngine } from '../../../sdk/agent/src/policy-engine.ts';
import { DEMO_POLICY } from '../../../core/sample/demo-policy.ts';
import type { EventInput } from '../../../schemas/event.ts';
import type { PolicySet } from '../../../schemas/policy.ts';

/** What the server accepts fits what the package promises; the compiler checks it. */
type Fits<Promised, Said extends Promised> = [Promised, Said];
export type Checked = [Fits<GivenPolicySet, PolicySet>, Fits<SentEvent, EventInput>];

test('a policy of the server, with its reviews, is a policy here', () => {
  const engine = new PolicyEngine(DEMO_POLICY, { version: 'pol_demo@3' });
  expect(engine.evaluate({ id: 'e', agentId: 'a', action: 'x' }).policy?.version).toBe('pol_demo@3');
  expect(PolicyEngine.check(DEMO_POLICY)).toEqual([]);
});
