import * as fc from 'fast-check';
import { holderOf, mergeEvent, splitEvent, subjectsOf, userSubject } from '../../../core/ledger/personal-fields.ts';
import type { GovernanceEvent } from '../../../schemas/event.ts';
import { anyEvent } from '../../support/any-event.ts';

const event = (fields: Partial<GovernanceEvent>): GovernanceEvent => ({ id: 'e1', agentId: 'a', action: 'pay', ...fields });
const owned = (ownerUser: string): GovernanceEvent['resource'] => ({ type: 'account', id: 'acc-1', path: '/p', ownerUser });

test('whatever an event holds, its parts put together are the event', () => {
  fc.assert(
    fc.property(anyEvent, (any) => {
      const { readable, personal } = splitEvent(any);
      expect(
        mergeEvent(
          readable,
          personal.map(({ fields }) => fields),
        ),
      ).toEqual(any);
    }),
    { numRuns: 300 },
  );
});

test('taking an event apart changes nothing of it', () => {
  fc.assert(
    fc.property(anyEvent, (any) => {
      const before = structuredClone(any);
      splitEvent(any);
      expect(any).toEqual(before);
    }),
  );
});

test('what stays readable has no personal field left', () => {
  fc.assert(
    fc.property(anyEvent, (any) => {
      const { readable } = splitEvent(any);
      for (const field of ['content', 'intent', 'metadata']) expect(readable).not.toHaveProperty(field);
      expect(readable.principal ?? {}).not.toHaveProperty('user');
      for (const field of ['id', 'path', 'ownerUser']) expect(readable.resource ?? {}).not.toHaveProperty(field);
      expect(readable.tool ?? {}).not.toHaveProperty('args');
    }),
  );
});

test.each([
  ['its principal', { principal: { user: 'ann' }, resource: owned('bob'), sessionId: 's1' }, 'user:ann'],
  ['else the owner of its resource', { principal: { org: 'acme' }, resource: owned('bob'), sessionId: 's1' }, 'user:bob'],
  ['else its session', { sessionId: 's1' }, 'session:s1'],
  ['else itself', {}, 'event:e1'],
])('the free text of an event belongs to %s', (_whose, fields, holder) => {
  expect(holderOf(event({ content: 'text', ...fields }))).toBe(holder);
  expect(splitEvent(event({ content: 'text', ...fields }))).toMatchObject({ holder });
  expect(splitEvent(event({ content: 'text', ...fields })).personal[0]).toMatchObject({ subject: holder, fields: { content: 'text' } });
});

test('an owner who is somebody else has the name under a key of their own, and nothing more', () => {
  const { personal } = splitEvent(event({ principal: { user: 'ann' }, resource: owned('bob') }));
  expect(personal).toEqual([
    { subject: 'user:ann', fields: { principal: { user: 'ann' }, resource: { id: 'acc-1', path: '/p' } } },
    { subject: 'user:bob', fields: { resource: { ownerUser: 'bob' } } },
  ]);
  expect(subjectsOf(event({ principal: { user: 'ann' }, resource: owned('bob') }))).toEqual(['user:ann', 'user:bob']);
});

test('an owner who is the principal in another spelling is the same person', () => {
  const any = event({ principal: { user: 'Ann@Example.com' }, resource: owned(' ann@example.com') });
  expect(splitEvent(any).personal.map(({ subject }) => subject)).toEqual(['user:ann@example.com']);
  expect(subjectsOf(any)).toEqual(['user:ann@example.com']);
});

test('one person has one name, whatever the case, the white space and the form of accents', () => {
  expect(userSubject(' Zo\u00EB ')).toBe(userSubject('zoe\u0308'));
  expect(userSubject('ZOË')).toBe(userSubject('zoë'));
  expect(userSubject('zoe')).not.toBe(userSubject('zoë'));
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (name) => expect(userSubject(userSubject(name).slice('user:'.length))).toBe(userSubject(name))));
});

test('what cannot be opened is absent, and the rest stays', () => {
  const { readable, personal } = splitEvent(
    event({ content: 'text', principal: { org: 'acme', user: 'ann' }, resource: owned('bob'), tool: { name: 't', args: { a: 1 } } }),
  );
  expect(mergeEvent(readable, [])).toEqual(event({ principal: { org: 'acme' }, resource: { type: 'account' } as never, tool: { name: 't' } }));
  expect(mergeEvent(readable, [personal[1]?.fields ?? {}])).toMatchObject({ resource: { type: 'account', ownerUser: 'bob' } });
});
