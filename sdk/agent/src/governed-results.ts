import type { Governor } from './governor.ts';
import { sha256Hex } from './sha256-hex.ts';

const MAX_RESULTS = 10_000;
/** By call: SHA-256 of the text. */
const resultsBy = new WeakMap<Governor, Map<string, string>>();

/** Notes that a tool's result was governed when it came back, so that it is not when the model hears it. */
export function noteGovernedResult(governor: Governor, { callId, text }: { callId?: string | undefined; text: string }): void {
  if (callId === undefined) return;
  const results = resultsBy.get(governor) ?? new Map<string, string>();
  resultsBy.set(governor, results);
  results.set(callId, sha256Hex(text));
  const [oldest] = results.keys();
  if (results.size > MAX_RESULTS && oldest !== undefined) results.delete(oldest);
}

/** The very text counts: what has been changed since is new. */
export const isGovernedResult = (governor: Governor, { callId, text }: { callId?: string | undefined; text: string }): boolean =>
  callId !== undefined && resultsBy.get(governor)?.get(callId) === sha256Hex(text);
