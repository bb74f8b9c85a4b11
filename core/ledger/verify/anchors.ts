import { openCheckpoint } from '../checkpoint.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { equalHashes } from '../merkle.ts';
import type { Hash } from '../merkle.ts';
import type { Ed25519Verify } from '../note.ts';
import type { Findings } from './findings.ts';
import type { LogKeys } from './keys.ts';

/** A checkpoint of this ledger that was kept elsewhere. `note` is undefined for what is no UTF-8. */
export interface Anchor {
  name: string;
  note: string | undefined;
}

/** Opens what was kept elsewhere; what it says is compared with the entries later: step 7 of docs/spec/ledger-v1.md. */
export function openAnchors(anchors: readonly Anchor[], { origin, keys, verify }: { origin: string; keys: LogKeys; verify: Ed25519Verify }) {
  const opened = anchors
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, note }) => {
      const found = openCheckpoint(note ?? '', keys.all, verify, { origin, signedBy: keys.log });
      const checkpoint: Checkpoint | undefined = 'problem' in found ? undefined : found;
      return { ref: `anchor:${name}`, checkpoint };
    });
  return {
    sizes: opened.flatMap(({ checkpoint }) => (checkpoint === undefined ? [] : [checkpoint.size])),
    end(findings: Findings, next: number, rootAt: (size: number) => Hash | undefined): void {
      for (const { ref, checkpoint } of opened) {
        if (checkpoint === undefined) findings.add('BAD_SIGNATURE', ref);
        else if (checkpoint.size > next) findings.add('TRUNCATED', ref);
        else if (!equalHashes(rootAt(checkpoint.size) ?? checkpoint.root, checkpoint.root)) findings.add('INCONSISTENT_CHECKPOINTS', ref);
      }
    },
  };
}
