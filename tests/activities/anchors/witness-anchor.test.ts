import { generateKeyPairSync, sign } from 'node:crypto';
import { createWitnessAnchor, type WitnessAnchorOptions } from '../../../activities/anchors/witness-anchor.ts';
import { createGuardedFetch } from '../../../activities/outbound/guarded-fetch.ts';
import { openCheckpoint, signCheckpoint } from '../../../core/ledger/checkpoint.ts';
import type { Hash } from '../../../core/ledger/merkle.ts';
import { formatVkey, type NoteSigner, parseVkey, SIGNATURE_TYPE, type Vkey } from '../../../core/ledger/note.ts';
import { consistencyProof } from '../../../core/ledger/proofs.ts';
import { createTileBuilder, type TileRef } from '../../../core/ledger/tiles.ts';
import { sha256, verifyEd25519 } from '../../../db/ledger-primitives.ts';
import { startWitness, type TestWitness } from '../../support/witness.ts';

const ORIGIN = 'guard.example/mg/deployment';
const NAME = 'witness.example/w1';

function newSigner(name: string): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { name, publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32), sign: (message) => sign(null, message, privateKey) };
}

const LOG_KEY = newSigner(ORIGIN);
const TIME_KEY = newSigner('guard.example/mg/time');
const LOG_VKEY = formatVkey({ ...LOG_KEY, type: SIGNATURE_TYPE.ed25519 }, sha256);

/** A log of leaves that are made from `seed`: another seed is another history. */
function logOf(seed: string) {
  const leafAt = (index: number): Hash => sha256(Buffer.from(`${seed} ${index}`));
  const treeOf = (size: number) => {
    const tree = createTileBuilder(sha256);
    const roots = new Map<string, Hash>();
    for (let index = 0; index < size; index += 1) for (const { level, index: at, root } of tree.append(leafAt(index))) roots.set(`${level}/${at}`, root);
    return { tree, roots };
  };
  return {
    checkpoint: (size: number, anchoredSize: number) => {
      const note = signCheckpoint({ origin: ORIGIN, size, root: treeOf(size).tree.root(), atMs: Date.now(), logKeys: [LOG_KEY], timeKey: TIME_KEY, sha256 });
      return { origin: ORIGIN, number: 1, size, note, anchoredSize };
    },
    proofBetween: async (from: number, to: number): Promise<Hash[]> => {
      const { roots } = treeOf(to);
      const hashesOf = ({ level, index }: TileRef): Hash[] =>
        Array.from({ length: 256 }, (_, place) => index * 256 + place)
          .filter((at) => at < Math.floor(to / 256 ** level))
          .map((at) => (level === 0 ? leafAt(at) : (roots.get(`${level - 1}/${at}`) as Hash)));
      return consistencyProof({ from, to, hashesOf, sha256 });
    },
  };
}

const LOG = logOf('one');
const OTHER = logOf('two');

let witness: TestWitness;
const guarded = createGuardedFetch({ allowPrivate: ['127.0.0.0/8'], timeoutMs: 30_000 });
beforeEach(async () => {
  witness = await startWitness({ name: NAME, logs: { [ORIGIN]: LOG_VKEY } });
});
afterEach(() => witness.close());
afterAll(() => guarded.close());

const keyOf = (vkey: string): Vkey => {
  const key = parseVkey(vkey, sha256);
  if (key === undefined) throw new Error('no key');
  return key;
};
const anchor = (changes: Partial<WitnessAnchorOptions> = {}) =>
  createWitnessAnchor({ url: witness.url, vkey: keyOf(witness.vkey), fetch: guarded.fetch, verify: verifyEd25519, proofBetween: LOG.proofBetween, ...changes });
const olds = (): string[] => witness.requests.map((request) => request.split('\n')[0] ?? '');

test('the receipt is the checkpoint with a cosignature that is checked with the key of the witness and that of the log', async () => {
  const receipt = await anchor().publish(LOG.checkpoint(3, 0));
  const opened = openCheckpoint(receipt, [keyOf(LOG_VKEY), keyOf(witness.vkey)], verifyEd25519);
  expect(opened).toMatchObject({ origin: ORIGIN, size: 3 });
  expect(receipt.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^— ${NAME} `));
});

test.each([
  [1, 2],
  [1, 300],
  [3, 7],
  [4, 8],
  [5, 8],
  [255, 256],
  [256, 257],
  [300, 700],
  [512, 66_000],
])('a log that grew from %i to %i leaves is cosigned on with the proof of that', async (from, to) => {
  await anchor().publish(LOG.checkpoint(from, 0));
  await anchor().publish(LOG.checkpoint(to, from));
  expect(witness.known.get(ORIGIN)?.size).toBe(to);
  expect(olds()).toEqual(['old 0', `old ${from}`]);
});

test('the same size again, an hour later, needs no proof and is cosigned anew', async () => {
  await anchor().publish(LOG.checkpoint(3, 0));
  await anchor().publish(LOG.checkpoint(3, 3));
  expect(witness.requests.at(-1)).toMatch(/^old 3\n\nguard\.example/);
});

test('receipts that were lost cost one more question: the witness says what it knows', async () => {
  await anchor().publish(LOG.checkpoint(5, 0));
  await anchor().publish(LOG.checkpoint(9, 0));
  expect(olds()).toEqual(['old 0', 'old 0', 'old 5']);
  // Its answer was lost, nothing came after: the same checkpoint is cosigned again.
  await anchor().publish(LOG.checkpoint(9, 5));
  expect(olds().slice(3)).toEqual(['old 5', 'old 9']);
});

test('another history is a conflict: with a proof that does not lead there, or with the same size and another root', async () => {
  await anchor().publish(LOG.checkpoint(5, 0));
  const other = anchor({ proofBetween: OTHER.proofBetween });
  await expect(other.publish(OTHER.checkpoint(9, 5))).rejects.toMatchObject({ name: 'AnchorRefused', code: 'conflict' });
  await expect(other.publish(OTHER.checkpoint(5, 5))).rejects.toMatchObject({ name: 'AnchorRefused', code: 'conflict' });
  expect(witness.known.get(ORIGIN)?.size).toBe(5);
});

test('a log that has shrunk is a conflict, whether the receipts know it or only the witness', async () => {
  await anchor().publish(LOG.checkpoint(9, 0));
  await expect(anchor().publish(LOG.checkpoint(5, 9))).rejects.toMatchObject({ code: 'conflict' });
  expect(witness.requests).toHaveLength(1);
  await expect(anchor().publish(LOG.checkpoint(5, 0))).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('9 leaves') });
});

test('a witness that does not know the log or its key refuses for good', async () => {
  const stranger = await startWitness({ name: NAME, logs: {} });
  await expect(anchor({ url: stranger.url }).publish(LOG.checkpoint(3, 0))).rejects.toMatchObject({ code: 'rejected', message: 'answered 404' });
  await stranger.close();
  const other = await startWitness({ name: NAME, logs: { [ORIGIN]: formatVkey({ ...newSigner(ORIGIN), type: SIGNATURE_TYPE.ed25519 }, sha256) } });
  await expect(anchor({ url: other.url }).publish(LOG.checkpoint(3, 0))).rejects.toMatchObject({ code: 'rejected', message: 'answered 403' });
  await other.close();
});

const line = (receipt: string): string => `${receipt.trimEnd().split('\n').at(-1)}\n`;

test('cosignatures by other keys are passed over, and without one by the right key nothing is taken', async () => {
  const twin = await startWitness({ name: NAME, logs: { [ORIGIN]: LOG_VKEY } });
  const checkpoint = LOG.checkpoint(3, 0);
  await expect(anchor({ url: twin.url }).publish(checkpoint)).rejects.toMatchObject({ code: 'rejected', message: expect.stringContaining('no cosignature') });
  const foreign = line(await anchor({ url: twin.url, vkey: keyOf(twin.vkey) }).publish({ ...checkpoint, anchoredSize: 3 }));
  await twin.close();
  const own = line(await anchor().publish(checkpoint));
  witness.answerNext(200, foreign + own);
  expect(await anchor().publish({ ...checkpoint, anchoredSize: 3 })).toBe(checkpoint.note + own);
});

test('a cosignature of another checkpoint, one that was tampered with, and one without a time are refused', async () => {
  const cosigned = line(await anchor().publish(LOG.checkpoint(3, 0)));
  witness.answerNext(200, cosigned);
  await expect(anchor().publish(LOG.checkpoint(4, 3))).rejects.toMatchObject({ code: 'rejected', message: expect.stringContaining('does not verify') });
  const bytes = Buffer.from(cosigned.split(' ')[2] ?? '', 'base64');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  witness.answerNext(200, `— ${NAME} ${bytes.toString('base64')}\n`);
  await expect(anchor().publish(LOG.checkpoint(3, 3))).rejects.toMatchObject({ code: 'rejected', message: expect.stringContaining('does not verify') });
  witness.signAt(0n);
  await expect(anchor().publish(LOG.checkpoint(3, 3))).rejects.toMatchObject({ code: 'rejected', message: expect.stringContaining('does not verify') });
});

test.each([
  ['no lines', 200, '', 'AnchorRefused'],
  ['a page', 200, '<html></html>', 'AnchorRefused'],
  ['a conflict without a size', 409, 'no\n', 'AnchorRefused'],
  ['a conflict with a size that is none', 409, '1e3\n', 'AnchorRefused'],
  ['too many requests', 429, '', 'AnchorUnavailable'],
  ['a server error', 500, '', 'AnchorUnavailable'],
  ['a redirect', 301, '', 'AnchorRefused'],
])('%s instead of a cosignature', async (_what, status, body, name) => {
  witness.answerNext(status, body);
  await expect(anchor().publish(LOG.checkpoint(3, 0))).rejects.toMatchObject({ name });
});

test('a size that changes between two questions is tried again later', async () => {
  witness.answerNext(409, '2\n');
  witness.answerNext(409, '3\n');
  await expect(anchor().publish(LOG.checkpoint(5, 0))).rejects.toMatchObject({ name: 'AnchorUnavailable' });
});

test('one that is down is unavailable, and one on loopback that nobody allowed is not asked', async () => {
  await expect(anchor({ url: 'http://127.0.0.1:9/' }).publish(LOG.checkpoint(3, 0))).rejects.toMatchObject({ name: 'AnchorUnavailable' });
  const strict = createGuardedFetch();
  await expect(anchor({ fetch: strict.fetch }).publish(LOG.checkpoint(3, 0))).rejects.toMatchObject({ name: 'AnchorRefused' });
  strict.close();
  expect(witness.requests).toEqual([]);
});
