import { parseArgs } from 'node:util';

export interface ExportCommand {
  directory: string;
  url: string | undefined;
  key: string | undefined;
}

export class UsageError extends Error {}

export const USAGE = `mastguard export DIR [options]

Writes the whole ledger of the key's organisation into a directory. Run again, it goes on where it was cut.
Check what it wrote with: mastguard verify DIR

  --url URL          default: the running product's
  --key KEY          needs the scope audit:read; default: $MASTGUARD_API_KEY, or the running product's
`;

/** @throws UsageError saying which option is wrong */
export function readOptions(argv: readonly string[], env: NodeJS.ProcessEnv = {}): ExportCommand {
  const { values, positionals } = parse(argv);
  const [directory, ...others] = positionals;
  if (directory === undefined || others.length > 0) throw new UsageError('name one directory');
  return { directory, url: values.url, key: values.key ?? env['MASTGUARD_API_KEY'] };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options: { url: { type: 'string' }, key: { type: 'string' } } });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
