import { createHash } from 'node:crypto';
import { actionDigest } from '../../../core/decision/action-digest.ts';
import type { GovernanceEvent } from '../../../schemas/event.ts';

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const EVENT: GovernanceEvent = {
  id: 'e1',
  agentId: 'treasury',
  action: 'transfer',
  tool: { name: 'bank.transfer', args: { to: 'ACME', amount: 100 } },
  resource: { type: 'account', id: '7' },
};
const digestOf = (changes: Partial<GovernanceEvent>, policyVersion: string | null = 'pol@1'): string =>
  actionDigest({ ...EVENT, ...changes }, policyVersion, sha256Hex);

test.each<[string, Partial<GovernanceEvent>]>([
  ['action', { action: 'refund' }],
  ['agent', { agentId: 'sales' }],
  ['tool', { tool: { name: 'bank.pay', args: { to: 'ACME', amount: 100 } } }],
  ['argument', { tool: { name: 'bank.transfer', args: { to: 'ACME', amount: 1_000 } } }],
  ['further argument', { tool: { name: 'bank.transfer', args: { to: 'ACME', amount: 100, memo: '' } } }],
  ['resource', { resource: { type: 'account', id: '8' } }],
])('an approval does not cover another %s', (_what, changes) => {
  expect(digestOf(changes)).not.toBe(digestOf({}));
});

test('an approval does not outlive the policy version it was given under', () => {
  expect(digestOf({}, 'pol@2')).not.toBe(digestOf({}));
  expect(digestOf({}, null)).not.toBe(digestOf({}));
});

test('what is beside the action does not matter: id, session, time, text, order of arguments', () => {
  const same: Partial<GovernanceEvent> = {
    id: 'e2',
    sessionId: 's',
    content: 'please',
    occurredAt: '2030-01-01T00:00:00Z',
    tool: { name: 'bank.transfer', args: { amount: 100, to: 'ACME' } },
  };
  expect(digestOf(same)).toBe(digestOf({}));
});

test('the digest is that of the RFC 8785 text, so that anybody can compute it', () => {
  const bare: GovernanceEvent = { id: 'e1', agentId: 'a', action: 'b' };
  expect(actionDigest(bare, null, sha256Hex)).toBe(sha256Hex('{"action":"b","agentId":"a","policyVersion":null,"resource":null,"tool":null}'));
});

test('the worked example of docs/spec/action-digest.md', () => {
  const event: GovernanceEvent = { id: 'e1', agentId: 'refund-bot', action: 'issue_refund', tool: { name: 'issue_refund', args: { amount: 80 } } };
  expect(actionDigest(event, 'pol_refunds@3', sha256Hex)).toBe('10978c177c121d31c3dd3a12719a944985e4a717eaddc78358b719af863720f6');
});
