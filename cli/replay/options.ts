import { parseArgs } from 'node:util';
import type { FormatName } from './read-line.ts';
import { FORMATS } from './read-line.ts';

export interface ReplayCommand {
  file: string;
  format: FormatName;
  concurrency: number;
  limit: number;
  prefix: string;
  url: string | undefined;
  key: string | undefined;
  json: boolean;
}

export class UsageError extends Error {}

export const USAGE = `npm run replay -- FILE [options]

Feeds recorded sessions (JSON lines, plain or gzip) through the public API.

  --format NAME      ${Object.keys(FORMATS).join(', ')} or auto (default); tau is another name of sessions
  --concurrency N    sessions side by side (default 8)
  --limit N          events sent at most
  --prefix TEXT      begins every event and session id (default "replay-"); a new one decides anew
  --url URL          default: the running product's
  --key KEY          default: the running product's
  --json             one JSON object instead of the report
`;

const NAMES: Readonly<Record<string, FormatName>> = {
  auto: 'auto',
  tau: 'sessions',
  mastguard: 'mastguard',
  sessions: 'sessions',
  'openai-chat': 'openai-chat',
};

/** @throws UsageError saying which option is wrong */
export function readOptions(argv: readonly string[]): ReplayCommand {
  const { values, positionals } = parse(argv);
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new UsageError('name one file');
  const format = Object.hasOwn(NAMES, values.format) ? NAMES[values.format] : undefined;
  if (format === undefined) throw new UsageError(`--format ${values.format} is none of ${Object.keys(NAMES).join(', ')}`);
  if (!/^[A-Za-z0-9_.:-]{0,40}$/.test(values.prefix)) throw new UsageError('--prefix takes up to 40 characters of A-Z a-z 0-9 _ . : -');
  return {
    file,
    format,
    concurrency: positive('--concurrency', values.concurrency, 256),
    limit: values.limit === undefined ? Infinity : positive('--limit', values.limit, Number.MAX_SAFE_INTEGER),
    prefix: values.prefix,
    url: values.url,
    key: values.key,
    json: values.json,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        format: { type: 'string', default: 'auto' },
        concurrency: { type: 'string', default: '8' },
        limit: { type: 'string' },
        prefix: { type: 'string', default: 'replay-' },
        url: { type: 'string' },
        key: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function positive(option: string, text: string, max: number): number {
  const value = Number(text);
  if (!/^[1-9][0-9]*$/.test(text) || value > max) throw new UsageError(`${option} takes a whole number from 1 to ${max}`);
  return value;
}
