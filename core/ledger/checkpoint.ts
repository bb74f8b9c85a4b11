import { base64Of, bytesOfBase64 } from '../encoding/base64.ts';
import type { Sha256 } from '../hashing.ts';
import type { Hash } from './merkle.ts';
import { keyIdOf, keysOf, parseNote, SIGNATURE_TYPE, signatureLine, utf8 } from './note.ts';
import type { Ed25519Verify, NoteSigner, Vkey } from './note.ts';

/** What a checkpoint says of a log: c2sp.org/tlog-checkpoint. */
export interface TreeHead {
  /** `<host>/mg/org/<organisation>` or `<host>/mg/deployment`. */
  origin: string;
  size: number;
  root: Hash;
}

export interface Checkpoint extends TreeHead {
  /** The signed time, whole seconds in epoch milliseconds. */
  atMs: number;
}

export type CheckpointProblem = 'no checkpoint' | 'another origin' | 'no signature of the log' | 'no signed time' | 'a signature that does not verify';

/** The text that is signed. */
export const checkpointText = ({ origin, size, root }: TreeHead): string => `${origin}\n${size}\n${base64Of(root)}\n`;

/** The text under a cosignature: c2sp.org/tlog-cosignature. */
export const cosignedText = (seconds: number, text: string): string => `cosignature/v1\ntime ${seconds}\n${text}`;

/** Leaf of a checkpoint in the deployment log: SHA-256(0x00 ‖ SHA-256(note)). */
export function deploymentLeaf(noteHash: Hash, sha256: Sha256): Hash {
  const bytes = new Uint8Array(1 + noteHash.length);
  bytes.set(noteHash, 1);
  return sha256(bytes);
}

/**
 * A signed checkpoint: one signature by each log key, then the time. Keys of the log carry the origin as their name. The time is cut to
 * whole seconds.
 */
export function signCheckpoint({
  atMs,
  logKeys,
  timeKey,
  sha256,
  ...head
}: TreeHead & { atMs: number; logKeys: readonly NoteSigner[]; timeKey: NoteSigner; sha256: Sha256 }): string {
  const text = checkpointText(head);
  const lines = logKeys.map(({ name, publicKey, sign }) =>
    signatureLine(name, keyIdOf({ name, type: SIGNATURE_TYPE.ed25519, publicKey }, sha256), sign(utf8(text))),
  );
  const { name, publicKey, sign } = timeKey;
  const seconds = Math.floor(atMs / 1_000);
  const stamp = new Uint8Array(72);
  new DataView(stamp.buffer).setBigUint64(0, BigInt(seconds));
  stamp.set(sign(utf8(cosignedText(seconds, text))), 8);
  lines.push(signatureLine(name, keyIdOf({ name, type: SIGNATURE_TYPE.cosignature, publicKey }, sha256), stamp));
  return `${text}\n${lines.join('')}`;
}

/**
 * The checkpoint in a note that is valid. `vkeys` are all that are known: every signature by one of them must verify. One must be by a key
 * named as the origin (type 0x01), which must be among `signedBy` where that is given, and one by a time key (type 0x04): the first of these says
 * the time. Signatures by other keys are ignored.
 */
export function openCheckpoint(
  note: string,
  vkeys: readonly Vkey[],
  verify: Ed25519Verify,
  { origin, signedBy = vkeys }: { origin?: string; signedBy?: readonly Vkey[] } = {},
): Checkpoint | { problem: CheckpointProblem } {
  const parsed = parseNote(note);
  const head = parseTreeHead(parsed?.text ?? '');
  if (parsed === undefined || head === undefined) return { problem: 'no checkpoint' };
  if (origin !== undefined && head.origin !== origin) return { problem: 'another origin' };
  let isSigned = false;
  let seconds: number | undefined;
  for (const { vkey, signature } of parsed.signatures.flatMap((each) => keysOf(each, vkeys).map((key) => ({ vkey: key, signature: each.signature })))) {
    if (vkey.type === SIGNATURE_TYPE.ed25519) {
      if (!verify(vkey.publicKey, utf8(parsed.text), signature)) return { problem: 'a signature that does not verify' };
      isSigned ||= vkey.name === head.origin && signedBy.includes(vkey);
    } else {
      const time = verifiedTime(vkey, parsed.text, signature, verify);
      if (time === undefined) return { problem: 'a signature that does not verify' };
      seconds ??= time;
    }
  }
  if (!isSigned) return { problem: 'no signature of the log' };
  return seconds === undefined ? { problem: 'no signed time' } : { ...head, atMs: seconds * 1_000 };
}

/** Origin, size and root; undefined where the text is not just these three lines. */
export function parseTreeHead(text: string): TreeHead | undefined {
  const [, origin, digits, encoded] = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/=]{44})\n$/u.exec(text) ?? [];
  const size = Number(digits);
  const root = bytesOfBase64(encoded ?? '');
  return origin !== undefined && Number.isSafeInteger(size) && root?.length === 32 ? { origin, size, root } : undefined;
}

/** Seconds of a cosignature; undefined where it does not verify. */
function verifiedTime({ publicKey }: Vkey, text: string, stamp: Uint8Array, verify: Ed25519Verify): number | undefined {
  if (stamp.length !== 72) return undefined;
  const seconds = Number(new DataView(stamp.buffer, stamp.byteOffset).getBigUint64(0));
  // A time beyond this has no millisecond that a number holds.
  if (seconds > Number.MAX_SAFE_INTEGER / 1_000) return undefined;
  return verify(publicKey, utf8(cosignedText(seconds, text)), stamp.subarray(8)) ? seconds : undefined;
}
