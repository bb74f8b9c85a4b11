import { createChannelSeal } from '../../db/channel-seal.ts';

const PLACE = { orgId: '0f8fad5b-d9cb-469f-a165-70867728950e', id: 'chn_1' };
const CONFIG = { url: 'https://hooks.example.com/services/T0/B0/secret', secret: 'whsec_x' };
const seal = createChannelSeal(Buffer.alloc(32, 1));

test('a configuration comes back as it was, and its bytes tell nothing of it', () => {
  const sealed = seal.seal(CONFIG, PLACE);
  expect(seal.open(sealed, PLACE)).toEqual(CONFIG);
  expect(sealed.toString('latin1')).not.toMatch(/hooks|secret|whsec/);
  expect(seal.seal(CONFIG, PLACE)).not.toEqual(sealed);
});

test('it opens in its own row alone, and under the key that sealed it', () => {
  const sealed = seal.seal(CONFIG, PLACE);
  expect(() => seal.open(sealed, { ...PLACE, id: 'chn_2' })).toThrow();
  expect(() => seal.open(sealed, { ...PLACE, orgId: '7c9e6679-7425-40de-944b-e07fc1f90ae7' })).toThrow();
  expect(() => createChannelSeal(Buffer.alloc(32, 2)).open(sealed, PLACE)).toThrow();
});

test.each([0, 5, 20, 40])('a byte changed at %i is noticed', (at) => {
  const sealed = seal.seal(CONFIG, PLACE);
  sealed[at] = (sealed[at] ?? 0) ^ 1;
  expect(() => seal.open(sealed, PLACE)).toThrow();
});

test('what is too short to be sealed is refused, a shortened tag included', () => {
  const sealed = seal.seal(CONFIG, PLACE);
  for (const length of [0, 1, 12, 28]) expect(() => seal.open(sealed.subarray(0, length), PLACE)).toThrow('not sealed');
});
