import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryBuffer } from '../../../sdk/agent/src/buffer-store.ts';
import { fileBuffer } from '../../../sdk/agent/src/file-buffer.ts';
import { createOutbox, type Outbox } from '../../../sdk/agent/src/outbox.ts';
import { MastGuardClient } from '../../../sdk/compliance/src/client.ts';
import { nodeScript } from '../../support/node-script.ts';
import { startScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';

let server: ScriptedServer;
let directory: string;
beforeAll(async () => {
  server = await startScriptedServer();
  directory = mkdtempSync(join(tmpdir(), 'mastguard-buffer-'));
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

const client = (timeoutMs = 60_000) => new MastGuardClient({ apiKey: 'mg_test_key', baseUrl: server.url, maxRetries: 0, timeoutMs });
/** What one test leaves undelivered must not arrive in the next. */
const deliveredAtLast = async (outbox: Outbox): Promise<void> => {
  await server.called(1);
  server.play(ACCEPTED);
  while ((await outbox.flush({ timeoutMs: 100 })).waiting > 0);
};
const flush = (outbox: Outbox) => outbox.flush({ timeoutMs: 60_000 });
const entry = (id: string, more: object = {}) => ({ event: { id, agentId: 'a', action: 'x', ...more } });
const delivered = (): string[][] => server.calls.map(({ body }) => (JSON.parse(body) as { events: { id: string }[] }).events.map(({ id }) => id));
const ACCEPTED = { body: { data: [] } };

describe('delivery', () => {
  it('is in order, and goes on where it broke off', async () => {
    server.play({ fault: 'drop' }, { status: 503 }, ACCEPTED);
    const outbox = createOutbox({ client: client(), retryMs: 1 });
    for (const id of ['1', '2', '3']) outbox.add(entry(id));
    expect(await flush(outbox)).toEqual({ waiting: 0 });
    const accepted = delivered().slice(2).flat();
    expect(accepted).toEqual(['1', '2', '3']);
  });

  it('sends at most a hundred at once, and fewer where they are long', async () => {
    server.play(ACCEPTED);
    const store = memoryBuffer();
    for (let index = 0; index < 150; index += 1) store.append(entry(`s${index}`));
    for (let index = 0; index < 20; index += 1) store.append(entry(`l${index}`, { content: 'x'.repeat(50_000) }));
    expect(await flush(createOutbox({ client: client(), store }))).toEqual({ waiting: 0 });
    expect(delivered().map(({ length }) => length)).toEqual([100, 57, 7, 6]);
    expect(delivered().flat()).toHaveLength(170);
  });

  it('takes out one that is not valid, and delivers those around it', async () => {
    const faults: unknown[] = [];
    const invalid = { status: 422, body: { code: 'invalid-request', title: 'invalid' } };
    server.play(invalid, ACCEPTED, invalid, ACCEPTED);
    const store = memoryBuffer();
    for (const id of ['1', 'bad', '3']) store.append(entry(id));
    expect(await flush(createOutbox({ client: client(), store, onFault: (fault) => faults.push(fault) }))).toEqual({ waiting: 0 });
    expect(delivered()).toEqual([['1', 'bad', '3'], ['1'], ['bad'], ['3']]);
    expect(faults).toEqual([expect.objectContaining({ code: 'invalid-request' })]);
  });

  it('tells of an id that is another event’s, of a wrong key and of a full month, and keeps what may still be delivered', async () => {
    const faults: { code?: string }[] = [];
    const outbox = createOutbox({ client: client(), retryMs: 1, onFault: (fault) => faults.push(fault as { code: string }) });
    server.play(
      { status: 401, body: { code: 'invalid-key', title: 'unknown' } },
      { body: { data: [{ eventId: '1', status: 'quota' }] } },
      { body: { data: [{ eventId: '1', status: 'conflict' }] } },
    );
    outbox.add(entry('1'));
    expect(await flush(outbox)).toEqual({ waiting: 0 });
    expect(faults.map(({ code }) => code)).toEqual(expect.arrayContaining(['invalid-key', 'event-conflict']));
    expect(delivered()).toHaveLength(3);
  });

  it('says how many wait where the time is over', async () => {
    server.play({ fault: 'hang' });
    const outbox = createOutbox({ client: client(200), retryMs: 60_000 });
    outbox.add(entry('1'));
    expect(await outbox.flush({ timeoutMs: 20 })).toEqual({ waiting: 1 });
    await deliveredAtLast(outbox);
  });

  it('tells of every event for which there is no room', async () => {
    server.play({ fault: 'hang' });
    const faults: unknown[] = [];
    const outbox = createOutbox({ client: client(200), store: memoryBuffer({ maxEvents: 2 }), onFault: (fault) => faults.push(fault) });
    for (const id of ['1', '2', '3', '4']) outbox.add(entry(id));
    expect(faults).toHaveLength(2);
    await deliveredAtLast(outbox);
  });
});

describe('a buffer in a file', () => {
  it('still has what an earlier process could not deliver, and nothing of what it could', async () => {
    const path = join(directory, 'kept/events.jsonl');
    const first = fileBuffer({ path, fsync: true });
    for (const id of ['1', '2', '3']) first.append(entry(id));
    first.drop(1);
    first.close?.();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = fileBuffer({ path });
    expect(second.peek(9).map(({ event }) => event.id)).toEqual(['2', '3']);
    server.play(ACCEPTED);
    expect(await flush(createOutbox({ client: client(), store: second }))).toEqual({ waiting: 0 });
    expect(delivered()).toEqual([['2', '3']]);
    expect(readFileSync(path, 'utf8')).toBe('');
    second.append(entry('4'));
    second.close?.();
    expect(
      fileBuffer({ path })
        .peek(9)
        .map(({ event }) => event.id),
    ).toEqual(['4']);
  });

  it('passes over half a line, which the end of a process has left', () => {
    const path = join(directory, 'torn.jsonl');
    const first = fileBuffer({ path });
    first.append(entry('1'));
    appendFileSync(path, '{"event":{"id":"2","agen');
    const second = fileBuffer({ path });
    second.append(entry('3'));
    expect(
      fileBuffer({ path })
        .peek(9)
        .map(({ event }) => event.id),
    ).toEqual(['1', '3']);
  });

  it('keeps what fits on a full disk, and nothing of what does not', () => {
    const path = join(directory, 'disk.jsonl');
    const script = nodeScript('tests/support/buffering-process.ts');
    const limited = ['-c', 'ulimit -f 1 && exec "$0" "$@"', process.execPath, script, path, '10', '2000', '20', '2000', '30'];
    expect(execFileSync('sh', limited, { encoding: 'utf8' }).trim().split('\n')).toEqual(['kept', 'EFBIG', 'kept', 'EFBIG', 'kept']);
    expect(
      fileBuffer({ path })
        .peek(9)
        .map(({ event }) => event.id),
    ).toEqual(['0', '2', '4']);
  });

  it('still has what was glued to half a line, and names the line that is none', () => {
    const path = join(directory, 'glued.jsonl');
    const line = (id: string) => JSON.stringify(entry(id));
    writeFileSync(path, `${line('1')}\n{"event":{"id":"2","agen${line('3')}\n${line('4')}\n{"event":{"id":"5"{"delivered":1}\n`);
    expect(
      fileBuffer({ path })
        .peek(9)
        .map(({ event }) => event.id),
    ).toEqual(['3', '4']);
    writeFileSync(path, `${line('1')}\nnothing\n`);
    expect(() => fileBuffer({ path })).toThrow(`line 2 of ${path}`);
  });

  it('does not keep what was delivered while there is always something that waits', () => {
    const path = join(directory, 'busy.jsonl');
    const store = fileBuffer({ path, fsync: true });
    store.append(entry('0'));
    let largest = 0;
    for (let at = 1; at <= 600; at += 1) {
      store.append(entry(String(at), { content: 'x'.repeat(20_000) }));
      store.drop(1);
      largest = Math.max(largest, statSync(path).size);
    }
    expect(largest).toBeLessThan(3_000_000);
    store.append(entry('last'));
    store.close?.();
    expect(
      fileBuffer({ path })
        .peek(9)
        .map(({ event }) => event.id),
    ).toEqual(['600', 'last']);
    expect(readdirSync(directory).filter((name) => name.startsWith('busy'))).toEqual(['busy.jsonl']);
  });

  it('stays where it was opened when the process goes to another directory', () => {
    const before = process.cwd();
    try {
      process.chdir(directory);
      const store = fileBuffer({ path: 'here.jsonl' });
      process.chdir(tmpdir());
      store.append(entry('1'));
      store.drop(1);
      expect(readFileSync(join(directory, 'here.jsonl'), 'utf8')).toBe('');
    } finally {
      process.chdir(before);
    }
  });

  it('takes no more than it may hold', () => {
    const store = fileBuffer({ path: join(directory, 'full.jsonl'), maxEvents: 1 });
    store.append(entry('1'));
    expect(() => store.append(entry('2'))).toThrow('takes no more');
    expect(store.size).toBe(1);
  });
});
