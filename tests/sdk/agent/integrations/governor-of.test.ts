import { createGovernor } from '../../../../sdk/agent/src/governor.ts';
import { governorOf } from '../../../../sdk/agent/src/integrations/governor-of.ts';
import { scriptDecisions } from './scripted-decisions.ts';

it('the same options stand for the same governor, also with more beside them', () => {
  const { options } = scriptDecisions();
  const governor = governorOf(options);
  expect(governorOf({ ...options })).toBe(governor);
  expect(governorOf({ ...options, toolCalls: 'ignore' } as typeof options)).toBe(governor);
});

it('options that differ in anything stand for governors of their own', () => {
  const { options } = scriptDecisions();
  const governor = governorOf(options);
  expect(governorOf({ ...options, agentId: 'another' })).not.toBe(governor);
  expect(governorOf({ ...options, onReview: 'throw' })).not.toBe(governor);
  expect(governorOf(scriptDecisions().options)).not.toBe(governor);
});

it('a governor that is given is taken', () => {
  const governor = createGovernor(scriptDecisions().options);
  expect(governorOf({ governor })).toBe(governor);
});
