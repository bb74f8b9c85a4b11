import type { Silence } from './checkpoint-lines.ts';
import { SILENCE_MS } from './checkpoint-lines.ts';
import type { Findings } from './findings.ts';

/** Silences of the signer that no entry explains: `MISSING_HEARTBEAT` of step 4 of docs/spec/ledger-v1.md. */
export interface Silences {
  /** The time of an entry that may explain one: `signer.resumed`, or an administrative record whose body is missing. */
  explain(atMs: number): void;
  end(findings: Findings, ending: SilencesEnding): void;
}

export interface SilencesEnding {
  minIndex: number;
  /** Undefined where there is no entry. */
  firstMs: number | undefined;
  exportedAtMs: number;
  lastSignedMs: number | undefined;
  /** Of the checkpoint that should have come. */
  nextNumber: number;
}

export function createSilences(silences: readonly Silence[]): Silences {
  let open = [...silences];
  return {
    explain(atMs) {
      if (open.length === 0) return;
      const seconds = Math.floor(atMs / 1_000);
      open = open.filter(({ sinceSeconds, untilSeconds }) => seconds < sinceSeconds || seconds > untilSeconds);
    },
    end(findings, { minIndex, firstMs, exportedAtMs, lastSignedMs, nextNumber }) {
      for (const { number, sinceSeconds } of open) {
        // What was said in the time of entries that are pruned is gone with them.
        const isPruned = minIndex > 0 && (firstMs === undefined || sinceSeconds * 1_000 < firstMs);
        if (!isPruned) findings.add('MISSING_HEARTBEAT', `checkpoint:${number}`);
      }
      const sinceMs = lastSignedMs ?? firstMs;
      if (sinceMs !== undefined && exportedAtMs - sinceMs > SILENCE_MS) findings.add('MISSING_HEARTBEAT', `checkpoint:${nextNumber}`);
    },
  };
}
