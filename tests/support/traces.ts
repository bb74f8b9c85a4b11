import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import type { EventInput } from '../../schemas/event.ts';

export interface RecordedSession {
  session: string;
  events: EventInput[];
}

/**
 * The recorded sessions below `MASTGUARD_DATA` (default `../shared/data`, from the repository root), one at a time.
 * Null where the recording is not there: the committed generator then stands in.
 */
export function recordedSessions(): AsyncIterable<RecordedSession> | null {
  const file = resolve(repositoryRoot, process.env['MASTGUARD_DATA'] ?? '../shared/data', 'traces/tau_airline_sessions.jsonl.gz');
  return existsSync(file) ? readSessions(file) : null;
}

const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

async function* readSessions(file: string): AsyncIterable<RecordedSession> {
  const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()), crlfDelay: Infinity });
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const { session, events } = JSON.parse(line) as RecordedSession;
    yield { session, events };
  }
}
