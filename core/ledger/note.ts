import { base64Of, bytesOfBase64 } from '../encoding/base64.ts';
import { hexOf } from '../encoding/hex.ts';
import type { Sha256 } from '../hashing.ts';

/** Signed notes of c2sp.org/signed-note, with Ed25519 signatures and Ed25519 cosignatures (c2sp.org/tlog-cosignature). */
export type Ed25519Sign = (message: Uint8Array) => Uint8Array;
export type Ed25519Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** 0x01: over the note's text. 0x04: over a time and the text. */
export const SIGNATURE_TYPE = { ed25519: 0x01, cosignature: 0x04 } as const;
export type SignatureType = (typeof SIGNATURE_TYPE)[keyof typeof SIGNATURE_TYPE];

export interface Vkey {
  name: string;
  /** Eight hex digits. */
  keyId: string;
  type: SignatureType;
  /** 32 bytes. */
  publicKey: Uint8Array;
}

export interface NoteSigner {
  name: string;
  publicKey: Uint8Array;
  sign: Ed25519Sign;
}

export interface NoteSignature {
  name: string;
  keyId: string;
  /** Without the key id. */
  signature: Uint8Array;
}

export interface Note {
  /** With the LF at its end. */
  text: string;
  signatures: NoteSignature[];
}

/** First four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key). */
export function keyIdOf({ name, type, publicKey }: Omit<Vkey, 'keyId'>, sha256: Sha256): Uint8Array {
  const start = utf8(`${name}\n`);
  const bytes = new Uint8Array(start.length + 1 + publicKey.length);
  bytes.set(start);
  bytes[start.length] = type;
  bytes.set(publicKey, start.length + 1);
  return sha256(bytes).slice(0, 4);
}

/** `<name>+<key id>+<base64(type ‖ public key)>`. */
export function formatVkey(key: Omit<Vkey, 'keyId'>, sha256: Sha256): string {
  return `${key.name}+${hexOf(keyIdOf(key, sha256))}+${base64Of(Uint8Array.of(key.type, ...key.publicKey))}`;
}

/** Undefined where the text is no verifier key of a type known here, or its key id is not that of the key. */
export function parseVkey(text: string, sha256: Sha256): Vkey | undefined {
  // Half a surrogate pair has no bytes that a key id could be of.
  const [, name, keyId, encoded] = /^([^+\p{White_Space}\p{Surrogate}]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text) ?? [];
  const bytes = bytesOfBase64(encoded ?? '');
  if (name === undefined || keyId === undefined || bytes?.length !== 33) return undefined;
  const type = Object.values(SIGNATURE_TYPE).find((known) => known === bytes[0]);
  if (type === undefined) return undefined;
  const publicKey = bytes.slice(1);
  return hexOf(keyIdOf({ name, type, publicKey }, sha256)) === keyId ? { name, keyId, type, publicKey } : undefined;
}

/** The line of one signature, LF included. */
export function signatureLine(name: string, keyId: Uint8Array, signature: Uint8Array): string {
  const bytes = new Uint8Array(keyId.length + signature.length);
  bytes.set(keyId);
  bytes.set(signature, keyId.length);
  return `— ${name} ${base64Of(bytes)}\n`;
}

/** Text and signatures of a note; undefined where it has not the form of one. Verifies nothing. */
export function parseNote(note: string): Note | undefined {
  const blank = note.lastIndexOf('\n\n');
  // oxlint-disable-next-line no-control-regex -- a note has none but LF
  if (blank <= 0 || !note.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/.test(note)) return undefined;
  const signatures: NoteSignature[] = [];
  for (const line of note.slice(blank + 2, -1).split('\n')) {
    const [, name, encoded] = /^— ([^+\p{White_Space}]+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? [];
    const bytes = bytesOfBase64(encoded ?? '');
    if (name === undefined || bytes === undefined || bytes.length <= 4) return undefined;
    signatures.push({ name, keyId: hexOf(bytes.subarray(0, 4)), signature: bytes.slice(4) });
  }
  return { text: note.slice(0, blank + 1), signatures };
}

/** The keys that may have made a signature, mostly one: same name and same key id. */
export function keysOf({ name, keyId }: NoteSignature, vkeys: readonly Vkey[]): Vkey[] {
  return vkeys.filter((vkey) => vkey.name === name && vkey.keyId === keyId);
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
