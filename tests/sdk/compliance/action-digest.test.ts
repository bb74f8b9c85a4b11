import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { actionDigest as serverDigest } from '../../../core/decision/action-digest.ts';
import { actionDigest } from '../../../sdk/compliance/src/action-digest.ts';
import type { Json } from '../../../schemas/json.ts';

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

test('the digest of the specification comes out', () => {
  const refund = { agentId: 'refund-bot', action: 'issue_refund', tool: { name: 'issue_refund', args: { amount: 80 } } };
  expect(actionDigest(refund, 'pol_refunds@3')).toBe('10978c177c121d31c3dd3a12719a944985e4a717eaddc78358b719af863720f6');
});

test('it is the server’s, for any arguments', () => {
  const args = fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.jsonValue() as fc.Arbitrary<Json>, { maxKeys: 8 });
  const resource = fc.option(fc.record({ type: fc.string(), id: fc.string() }), { nil: undefined });
  fc.assert(
    fc.property(args, resource, fc.option(fc.string()), (found, touched, version) => {
      // As it arrives there: through JSON, which has no -0.
      const sent = JSON.parse(JSON.stringify({ id: 'e', agentId: 'a', action: 'x', tool: { name: 't', args: found }, ...(touched && { resource: touched }) }));
      return actionDigest(sent, version) === serverDigest(sent, version, sha256Hex);
    }),
  );
});

test('what is undefined, and an absent tool, are as if they were not sent', () => {
  const bare = { agentId: 'a', action: 'x' };
  expect(actionDigest({ ...bare, tool: undefined, resource: undefined }, null)).toBe(serverDigest({ id: 'e', ...bare }, null, sha256Hex));
  const named = { ...bare, tool: { name: 't' } };
  expect(actionDigest({ ...bare, tool: { name: 't', args: { gone: undefined } } }, null)).toBe(serverDigest({ id: 'e', ...named }, null, sha256Hex));
});
