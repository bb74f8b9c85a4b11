import type { RecordKind } from '../export-format.ts';

/**
 * An entry without its place in the chain, as text: what a body must agree with, in one comparison. Written like the columns of a line, so that it can
 * be cut out of one.
 */
export const claimOf = (kind: number, id: string, at: number, retain: number, bodyHash: string): string =>
  claimWith(`"kind":${kind},"id":"${id}","at":${at},"retain":${retain}`, bodyHash);

export const claimWith = (columns: string, bodyHash: string): string => `${columns},${bodyHash}`;

const HASH_LENGTH = 64;

export const bodyHashOf = (claim: string): string => claim.slice(-HASH_LENGTH);

/** The part of a claim that is no hash. */
export const columnsOf = (claim: string): string => claim.slice(0, -HASH_LENGTH);

export interface Columns {
  kind: RecordKind;
  id: string;
  at: number;
  retain: number;
}

export const readClaim = (claim: string): Columns => JSON.parse(`{${columnsOf(claim).slice(0, -1)}}`) as Columns;
