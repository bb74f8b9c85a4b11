import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ToolPin, ToolPins } from '../../sdk/agent/src/mcp/tool-pins.ts';

const PinnedTool = z.strictObject({ name: z.string(), sha256: z.string(), acceptedAt: z.string(), definition: z.record(z.string(), z.unknown()) });
const PinsDocument = z.strictObject({
  version: z.literal(1),
  servers: z.array(z.strictObject({ identity: z.string(), label: z.string(), tools: z.array(PinnedTool) })),
});
type PinsDocument = z.infer<typeof PinsDocument>;

/** The file with the accepted tools cannot be used; without it a change would go unseen. */
export class PinsFileError extends Error {}

/**
 * Accepted tools in a file that several proxies of one user share; it is replaced as a whole, and only its owner can read it.
 * @param label what people may call the server by who read the file
 * @throws PinsFileError from `read` and `write`
 */
export function pinsFile({ path, label }: { path: string; label: string }): ToolPins {
  return {
    async read(server) {
      const tools = (await readDocument(path)).servers.find(({ identity }) => identity === server)?.tools;
      return tools === undefined ? undefined : new Map(tools.map(({ name, ...pin }) => [name, pin]));
    },
    async write(server, pins) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const unlock = await lock(`${path}.lock`);
      try {
        await replace(path, withPins(await readDocument(path), { server, label, pins }));
      } finally {
        await unlock();
      }
    },
  };
}

function withPins({ servers }: PinsDocument, { server, label, pins }: { server: string; label: string; pins: ReadonlyMap<string, ToolPin> }): PinsDocument {
  const known = servers.find(({ identity }) => identity === server)?.tools ?? [];
  const kept = known.filter(({ name }) => !pins.has(name));
  const tools = [...kept, ...[...pins].map(([name, pin]) => ({ name, ...pin }))];
  return { version: 1, servers: [...servers.filter(({ identity }) => identity !== server), { identity: server, label, tools }] };
}

async function readDocument(path: string): Promise<PinsDocument> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, servers: [] };
    throw new PinsFileError(`cannot read ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`, { cause });
  }
  try {
    return PinsDocument.parse(JSON.parse(text));
  } catch (cause) {
    throw new PinsFileError(`${path} is no file of accepted tools; move it away to begin anew`, { cause });
  }
}

async function replace(path: string, document: PinsDocument): Promise<void> {
  const beside = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(document, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw new PinsFileError(`cannot write ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`, { cause });
  }
}

const STALE_MS = 10_000;
const TRIES = 600;

/** Of two proxies that accept at the same time, none loses what the other has accepted. */
async function lock(path: string): Promise<() => Promise<void>> {
  const own = randomUUID();
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (await create(path, own)) {
      return async () => {
        // One that was held for too long may be another one's by now.
        if ((await readFile(path, 'utf8').catch(() => '')) === own) await rm(path, { force: true });
      };
    }
    if (await isLeft(path)) await removeLeft(path);
    await sleep(25 + Math.random() * 25);
  }
  throw new PinsFileError(`${path} is held by another process`);
}

/** One process at a time, and it looks again: otherwise a slower one would remove the lock that a faster one has taken meanwhile. */
async function removeLeft(path: string): Promise<void> {
  const turn = `${path}.turn`;
  if (await create(turn, '')) {
    if (await isLeft(path)) await rm(path, { force: true });
    await rm(turn, { force: true });
  } else if (await isLeft(turn)) await rm(turn, { force: true });
}

/** By a process that was killed. */
const isLeft = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > STALE_MS,
    () => false,
  );

/** Answers false where there is one. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new PinsFileError(`cannot write ${path}`, { cause });
  }
}
