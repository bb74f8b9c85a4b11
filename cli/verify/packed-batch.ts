import type { BodyBatch } from '../../core/ledger/verify/read-bodies.ts';
import type { EntryBatch } from '../../core/ledger/verify/read-entries.ts';

/** A batch for another thread: columns of numbers, and texts joined to one, which is copied at once. */
export type Packed<T> = { [Name in keyof T]: T[Name] extends readonly string[] ? string : T[Name] };

export const packEntries = ({ seqs, times, linked, claims, hashes, malformed }: EntryBatch): Packed<EntryBatch> => ({
  malformed,
  seqs: Float64Array.from(seqs),
  times: Float64Array.from(times),
  linked: Uint8Array.from(linked),
  claims: claims.join('\n'),
  hashes: hashes.join('\n'),
});

export const unpackEntries = ({ claims, hashes, ...columns }: Packed<EntryBatch>): EntryBatch => ({
  ...columns,
  claims: claims.split('\n'),
  hashes: hashes.split('\n'),
});

export const packBodies = ({ seqs, agree, checkpointSizes, claims, ...others }: BodyBatch): Packed<BodyBatch> => ({
  ...others,
  seqs: Float64Array.from(seqs),
  agree: Uint8Array.from(agree),
  checkpointSizes: Float64Array.from(checkpointSizes),
  claims: claims.join('\n'),
});

export const unpackBodies = ({ claims, ...columns }: Packed<BodyBatch>): BodyBatch => ({ ...columns, claims: claims.split('\n') });
