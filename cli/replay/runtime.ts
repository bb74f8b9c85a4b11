import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

const Runtime = z.object({ apiUrl: z.url(), apiKey: z.string().min(1) });
export type Runtime = z.infer<typeof Runtime>;

export class NotRunning extends Error {}

/** Address and key of the running product, as `npm start` leaves them in `$MASTGUARD_HOME/runtime.json`. */
export function readRuntime(env: NodeJS.ProcessEnv): Runtime {
  const file = resolve(env['MASTGUARD_HOME'] || '.mastguard', 'runtime.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new NotRunning(`MastGuard does not seem to be running: cannot read ${file}. Start it with "npm start".`, { cause });
  }
  try {
    return Runtime.parse(JSON.parse(text));
  } catch (cause) {
    throw new NotRunning(`${file} names no apiUrl and apiKey.`, { cause });
  }
}
