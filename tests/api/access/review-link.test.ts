import { createReviewLinks } from '../../../api/access/review-link.ts';

const LINK = {
  orgId: '0f8fad5b-d9cb-469f-a165-70867728950e',
  reviewId: 'rev_0123456789abcdef',
  memberId: 'mem_ann',
  digest: 'a'.repeat(64),
  expiresAtMs: 1_900_000_000_000,
};
const links = createReviewLinks(Buffer.alloc(32, 1));
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

test('a link says for whom, for what and until when, and has an id', () => {
  const read = links.read(links.mint(LINK, 'ntf_1'));
  expect(read).toEqual({ ...LINK, id: expect.stringMatching(/^[\w-]{22}$/) });
});

test('made for the same message twice it is the same link; for another message, person or action it is another one', () => {
  const idOf = (changes: Partial<typeof LINK>, purpose = 'ntf_1') => links.read(links.mint({ ...LINK, ...changes }, purpose))?.id;
  expect(links.mint(LINK, 'ntf_1')).toBe(links.mint(LINK, 'ntf_1'));
  const ids = [idOf({}), idOf({}, 'ntf_2'), idOf({ memberId: 'mem_bob' }), idOf({ digest: 'b'.repeat(64) }), idOf({ reviewId: 'rev_2' })];
  expect(new Set(ids).size).toBe(ids.length);
});

test('no other character at any place makes another working link', () => {
  const token = links.mint(LINK, 'ntf_1');
  for (let at = 0; at < token.length; at += 1) {
    const others = at >= token.length - 2 ? Array.from(ALPHABET) : ['A', 'z'];
    for (const other of others) if (other !== token[at]) expect(links.read(token.slice(0, at) + other + token.slice(at + 1))).toBeNull();
  }
});

test.each([
  ['nothing', ''],
  ['a word', 'approve'],
  ['no signature', links.mint(LINK, 'x').split('.')[0] ?? ''],
  ['an empty signature', `${links.mint(LINK, 'x').split('.')[0]}.`],
  ['something in front', ` ${links.mint(LINK, 'x')}`],
  ['something behind', `${links.mint(LINK, 'x')}=`],
  ['a link of another installation', createReviewLinks(Buffer.alloc(32, 2)).mint(LINK, 'x')],
  ['far too much', `${'a'.repeat(100_000)}.${'a'.repeat(43)}`],
])('%s is no link', (_what, token) => {
  expect(links.read(token)).toBeNull();
});

test('claims that are none are never signed', () => {
  expect(() => links.mint({ ...LINK, digest: 'short' }, 'x')).toThrow();
  expect(() => links.mint({ ...LINK, memberId: '' }, 'x')).toThrow();
});
