import { parseArgs } from 'node:util';

export type VerifyCommand =
  | { mode: 'export'; directory: string; receipts: string | undefined; anchors: string | undefined; vkeys: string[]; json: boolean }
  | { mode: 'proof'; proof: string; entry: string; body: string | undefined; vkeys: string[]; json: boolean };

export class UsageError extends Error {}

export const USAGE = `mastguard verify DIR [options]
mastguard verify --proof FILE --entry FILE --vkey V [options]

Verifies an export of a ledger, or one entry by its proof, without a server and without trust in who made it.

  --vkey V           a verifier key to trust instead of those in keys.json; again for each key
  --receipts FILE    receipts that were kept (default: receipts.ndjson in DIR, if there)
  --anchors DIR      checkpoints that were kept elsewhere (default: anchors/ in DIR, if there)
  --proof FILE       a .tlog-proof file, instead of DIR
  --entry FILE       the entry's text, with --proof
  --body FILE        the entry's body, with --proof
  --json             one JSON object instead of the report

Exit code 0: nothing was found; 1: there are findings; 2: nothing could be verified.
`;

/** @throws UsageError saying what is wrong */
export function readOptions(argv: readonly string[]): VerifyCommand {
  const { values, positionals } = parse(argv);
  const { proof, entry, body, receipts, anchors, vkey: vkeys, json } = values;
  const [directory, ...others] = positionals;
  if (others.length > 0) throw new UsageError('name one directory');
  if (directory !== undefined) {
    if (proof !== undefined || entry !== undefined || body !== undefined) throw new UsageError('give a directory, or --proof and --entry');
    return { mode: 'export', directory, receipts, anchors, vkeys, json };
  }
  if (proof === undefined || entry === undefined) throw new UsageError('give a directory, or --proof and --entry');
  if (receipts !== undefined || anchors !== undefined) throw new UsageError('--receipts and --anchors go with a directory');
  return { mode: 'proof', proof, entry, body, vkeys, json };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        proof: { type: 'string' },
        entry: { type: 'string' },
        body: { type: 'string' },
        receipts: { type: 'string' },
        anchors: { type: 'string' },
        vkey: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
