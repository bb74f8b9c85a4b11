import type { Governor } from './governor.ts';
import type { ShieldOptions } from './shield-options.ts';

export interface WrapOptions extends ShieldOptions {
  /** Shared with other integrations; the options of a shield are then not looked at. */
  governor?: Governor | undefined;
  /**
   * How streams are governed. `window`: text goes out when what follows it has been checked in this process, and the last window when the whole has
   * been decided. `buffer`: nothing goes out before the whole has been decided. `observe`: everything goes out, and is recorded afterwards.
   * Default: `window`.
   */
  stream?: 'window' | 'buffer' | 'observe' | undefined;
  /** How many characters are checked beyond one before it goes out; a phrase no longer than that goes out whole or not at all. Default: 256. */
  windowChars?: number | undefined;
  /** A blocked stream ends as its API ends a filtered answer; then it throws `MastGuardBlockedError`, or just ends. Default: `throw`. */
  onBlockedStream?: 'throw' | 'end' | undefined;
  /** Whether the tool calls that the model asks for are decided before the caller sees them. Default: `govern`. */
  toolCalls?: 'govern' | 'ignore' | undefined;
  /** Lets through what cannot be governed: opening realtime sessions. Default: it throws. */
  allowUngoverned?: boolean | undefined;
}
