import type { AnchorDriver } from '../../schemas/anchor.ts';

/** A signed checkpoint, as it is shown to the outside. */
export interface ShownCheckpoint {
  /** First line of the note: the log's name. */
  origin: string;
  number: number;
  size: number;
  /** The signed note, byte for byte what the signer made. */
  note: string;
  /** Size of the newest checkpoint of this log that the same anchor took; 0 where it took none. */
  anchoredSize: number;
}

/** A place outside of this installation that keeps what it is shown. Whoever rewrites the ledger afterwards contradicts it. */
export interface Anchor {
  /** As the operator calls it: lower-case letters, digits and hyphens. Receipts are kept under it. */
  name: string;
  driver: AnchorDriver;
  /** every: all checkpoints of all logs, in order. newest: only the newest one of the deployment log, which covers the others. */
  takes: 'every' | 'newest';
  /**
   * Shows one checkpoint; answers the receipt. Showing the same one again is no error: a try may have come to nothing after it arrived.
   * @throws AnchorUnavailable, AnchorRefused
   */
  publish: (checkpoint: ShownCheckpoint) => Promise<string>;
}

/** It may succeed later. The message names neither path nor secret: it is logged and kept in histories. */
export class AnchorUnavailable extends Error {
  override readonly name = 'AnchorUnavailable';
}

/** conflict: it holds another history than this one. rejected: it takes nothing of this form, or nothing from here. */
export type AnchorRefusal = 'conflict' | 'rejected';

/** Asking again with the same checkpoint changes nothing. */
export class AnchorRefused extends Error {
  override readonly name = 'AnchorRefused';
  readonly code: AnchorRefusal;

  constructor(code: AnchorRefusal, message: string) {
    super(message);
    this.code = code;
  }
}
