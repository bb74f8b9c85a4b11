import { base64Of } from '../../core/encoding/base64.ts';
import { cosignedText } from '../../core/ledger/checkpoint.ts';
import type { Hash } from '../../core/ledger/merkle.ts';
import { type Ed25519Verify, parseNote, SIGNATURE_TYPE, signatureLine, utf8, type Vkey } from '../../core/ledger/note.ts';
import type { GuardedFetch, GuardedResponse } from '../outbound/guarded-fetch.ts';
import { type Anchor, AnchorRefused, AnchorUnavailable, type ShownCheckpoint } from './anchor.ts';
import { ask, unwantedAnswer } from './ask.ts';

export interface WitnessAnchorOptions {
  name?: string;
  /** Submission prefix: `add-checkpoint` is asked below it. */
  url: string;
  /** Key of its cosignatures: of the type 0x04. */
  vkey: Vkey;
  fetch: GuardedFetch['fetch'];
  verify: Ed25519Verify;
  /** Consistency proof between two sizes of the deployment log, neither 0. */
  proofBetween: (from: number, to: number) => Promise<readonly Hash[]>;
}

/**
 * A C2SP witness (c2sp.org/tlog-witness). It remembers the newest size it was shown and cosigns only what goes on from there, so two histories
 * of this log cannot both be cosigned. The receipt is the checkpoint with the cosignatures below the log's own signatures.
 */
export function createWitnessAnchor({ name = 'witness', url, vkey, fetch, verify, proofBetween }: WitnessAnchorOptions): Anchor {
  const target = `${url.replace(/\/$/, '')}/add-checkpoint`;

  const submit = async ({ note, size }: ShownCheckpoint, oldSize: number): Promise<GuardedResponse> => {
    const proof = oldSize === 0 || oldSize === size ? [] : await proofBetween(oldSize, size);
    const body = `old ${oldSize}\n${proof.map((hash) => `${base64Of(hash)}\n`).join('')}\n${note}`;
    return ask(fetch, target, { headers: { 'content-type': 'text/plain; charset=utf-8' }, body });
  };

  return {
    name,
    driver: 'witness',
    takes: 'newest',
    async publish(checkpoint) {
      const { note, size, anchoredSize } = checkpoint;
      if (anchoredSize > size) throw shrunk(anchoredSize);
      let answer = await submit(checkpoint, anchoredSize);
      if (answer.status === 409) {
        // It knows more than is recorded here: an answer was lost, or the receipts were.
        const known = sizeOf(answer);
        if (known > size) throw shrunk(known);
        answer = await submit(checkpoint, known);
        if (answer.status === 409) throw new AnchorUnavailable('the size it knows changes meanwhile');
      }
      if (answer.status === 422) throw new AnchorRefused('conflict', 'the witness has seen another history of this log');
      if (answer.status !== 200) throw unwantedAnswer(answer.status);
      const lines = cosignaturesIn(answer.body, note, vkey, verify);
      if (lines.length === 0) throw new AnchorRefused('rejected', 'the answer has no cosignature by the key of the witness');
      return note + lines.join('');
    },
  };
}

/** Lines of valid cosignatures by this key; those by other keys are passed over. @throws AnchorRefused when one by this key does not verify */
function cosignaturesIn(lines: string, note: string, vkey: Vkey, verify: Ed25519Verify): string[] {
  const text = parseNote(note)?.text ?? '';
  const signatures = parseNote(`${text}\n${lines}`)?.signatures ?? [];
  return signatures
    .filter(({ name, keyId }) => name === vkey.name && keyId === vkey.keyId)
    .map(({ signature, keyId }) => {
      const seconds = signature.length === 72 ? Buffer.from(signature).readBigUInt64BE(0) : 0n;
      const isValid = seconds > 0n && seconds < MAX_SECONDS && verify(vkey.publicKey, utf8(cosignedText(Number(seconds), text)), signature.subarray(8));
      if (!isValid) throw new AnchorRefused('rejected', 'a cosignature of the witness does not verify');
      return signatureLine(vkey.name, Buffer.from(keyId, 'hex'), signature);
    });
}

/** The size in the answer to a conflict. */
function sizeOf({ body }: GuardedResponse): number {
  const [, digits] = /^(0|[1-9][0-9]{0,14})\n$/.exec(body) ?? [];
  if (digits === undefined) throw new AnchorRefused('rejected', 'the witness names no size');
  return Number(digits);
}

/** Never to be mended from here: either the log was set back, or the witness was shown another one. */
const shrunk = (size: number): AnchorRefused => new AnchorRefused('conflict', `a checkpoint of ${size} leaves was shown before`);

/** Year 10,000. */
const MAX_SECONDS = 253_402_300_800n;

/** What a key of the configuration must be to check cosignatures with it. */
export const isCosignerKey = ({ type }: Vkey): boolean => type === SIGNATURE_TYPE.cosignature;
