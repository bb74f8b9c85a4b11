import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyCommand } from '../../cli/verify.ts';
import { main } from '../../cli/mastguard.ts';
import { builtProduct } from '../support/built-product.ts';
import { dropFile, replaceInLine } from '../support/edit-export.ts';
import { append, createTestLedger, exportFiles, signCheckpoint, writeExport } from '../support/ledger-export.ts';
import type { ExportFiles } from '../support/ledger-export.ts';
import { smallLedger, START_MS, withKept } from '../support/ledger-export-samples.ts';
import { testKey } from '../support/note-signer.ts';

const ledger = smallLedger();
const good = exportFiles(ledger);
const spoilt = replaceInLine('bodies.ndjson', 1, '"body":{', '"body":{"a":1,')(good);

describe('mastguard verify', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'mastguard-verify-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const run = async (argv: readonly string[], command: typeof verifyCommand = verifyCommand) => {
    const written = { out: '', err: '' };
    const stdout = { write: (text: string) => (written.out += text) };
    const stderr = { write: (text: string) => (written.err += text) };
    return { code: await command(argv, { env: {}, stdout, stderr }), ...written };
  };
  const verify = (files: ExportFiles, ...options: string[]) => {
    writeExport(directory, files);
    return run([directory, ...options]);
  };
  const vkeys = ({ logKeys, timeKey, deploymentKey }: typeof ledger): string[] => [...logKeys, timeKey, deploymentKey].flatMap(({ vkey }) => ['--vkey', vkey]);

  test('a whole export: exit code 0, and it is said that the keys are those of the export itself', async () => {
    const { code, out, err } = await verify(good);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^ledger of 0190aaaa-0000-7000-8000-00000000000a: 11 entries, 11 bodies, 4 checkpoints\nkeys: those of the export itself\..*--vkey\nno findings\n$/,
    );
  });

  test('with the right keys given: exit code 0, and nothing is said of trust', async () => {
    const { code, out } = await verify(good, ...vkeys(ledger));
    expect(code).toBe(0);
    expect(out).not.toContain('those of the export');
  });

  test('keys that are given are trusted instead of those of the export, which need not even be there', async () => {
    const { code } = await verify(dropFile('keys.json')(good), ...vkeys(ledger));
    expect(code).toBe(0);
    const { code: withoutAny, out } = await verify(dropFile('keys.json')(good), '--json');
    expect(withoutAny).toBe(1);
    expect((JSON.parse(out) as { findings: object[] }).findings).toEqual(
      expect.arrayContaining([
        { code: 'BAD_SIGNATURE', ref: 'checkpoint:1', count: 4 },
        { code: 'MALFORMED', ref: 'file:keys.json', count: 1 },
      ]),
    );
  });

  test('an export that was signed anew with other keys is found with the right ones', async () => {
    const forged = smallLedger({ seed: 'forged' });
    expect((await verify(exportFiles(forged))).code).toBe(0);
    const { code, out } = await run([directory, '--json', ...vkeys(ledger)]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      findings: expect.arrayContaining([{ code: 'BAD_SIGNATURE', ref: 'checkpoint:1', count: 4 }]) as unknown,
    });
  });

  test('a changed body: exit code 1, with what it is and where', async () => {
    const { code, out } = await verify(spoilt);
    expect(code).toBe(1);
    expect(out).toMatch(/\n1 finding\n {2}BODY_MISMATCH entry:1: the record is not what was hashed when it was written\n$/);
  });

  test('--json is one line, the result as the specification has it', async () => {
    const { out } = await verify(spoilt, '--json');
    expect(out.endsWith('}\n')).toBe(true);
    expect(JSON.parse(out)).toEqual({
      v: 1,
      org: ledger.org,
      entries: 11,
      bodies: 11,
      missingBodies: 0,
      checkpoints: 4,
      findings: [{ code: 'BODY_MISMATCH', ref: 'entry:1', count: 1 }],
    });
  });

  test('receipts and anchors are found in the directory, or elsewhere', async () => {
    const kept = withKept(ledger);
    expect((await verify(kept)).code).toBe(0);
    const elsewhere = mkdtempSync(join(tmpdir(), 'mastguard-kept-'));
    try {
      const receipt = { seq: 12, entryHash: 'ab'.repeat(32), checkpointSize: 0 };
      writeFileSync(join(elsewhere, 'mine.ndjson'), `${JSON.stringify(receipt)}\n`);
      writeFileSync(join(elsewhere, 'mine.note'), 'no note');
      const { code, out } = await run([directory, '--json', '--receipts', join(elsewhere, 'mine.ndjson'), '--anchors', elsewhere]);
      expect(code).toBe(1);
      expect((JSON.parse(out) as { findings: object[] }).findings).toEqual([
        { code: 'BAD_SIGNATURE', ref: 'anchor:mine.note', count: 1 },
        { code: 'RECEIPT_NOT_IN_LOG', ref: 'receipt:12', count: 1 },
      ]);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  test('more checkpoints kept elsewhere than a process may have files open', async () => {
    writeExport(directory, good);
    const anchors = join(directory, 'anchors');
    mkdirSync(anchors);
    for (let number = 0; number < 1_000; number += 1) writeFileSync(join(anchors, `${number}.note`), ledger.checkpoints[0]?.note ?? '');
    const limited = ['-c', 'ulimit -n 256 && exec "$@"', 'sh', process.execPath, builtProduct('cli/mastguard.js'), 'verify', directory];
    const said = await new Promise((resolve) => {
      execFile('sh', limited, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }));
    });
    expect(said).toEqual({ code: 0, stderr: '', stdout: expect.stringMatching(/\nno findings\n$/) as unknown });
  });

  test('a file that is missing is a finding, not a refusal', async () => {
    const { code, out } = await verify(dropFile('tiles.ndjson')(good));
    expect(code).toBe(1);
    expect(out).toContain('MALFORMED file:tiles.ndjson');
  });

  test.each<[string, (directory: string) => string[]]>([
    ['a directory that is not there', (path) => [join(path, 'none')]],
    ['a file for a directory', (path) => [join(path, 'export.json')]],
    ['receipts that are named and not there', (path) => [path, '--receipts', join(path, 'none')]],
    ['anchors that are named and not there', (path) => [path, '--anchors', join(path, 'none')]],
    ['receipts that are no file', (path) => [path, '--receipts', path]],
    ['a single note instead of the directory it is in', (path) => [path, '--anchors', join(path, 'export.json')]],
    ['a directory without notes, such as the one above theirs', (path) => [path, '--anchors', path]],
    ['a key that is none', (path) => [path, '--vkey', 'key']],
    ['a proof that is not there', (path) => ['--proof', join(path, 'none'), '--entry', join(path, 'none'), '--vkey', 'key']],
    ['a wrong command line', (path) => [path, path]],
  ])('%s: exit code 2, nothing on stdout', async (_, argvOf) => {
    writeExport(directory, good);
    const { code, out, err } = await run(argvOf(directory));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toBe('');
    expect(err).not.toMatch(/\n {4}at /);
  });

  test.each(['', '{', '{"format":"mastguard-export"}'])('without a readable export.json (%j) there is no result: exit code 2', async (text) => {
    const { code, out, err } = await verify(new Map([...good, ['export.json', text]]));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('export.json');
  });

  test('the command is one of mastguard; without one, or with another, it says which there are: exit code 2', async () => {
    writeExport(directory, good);
    expect((await run(['verify', directory], main)).code).toBe(0);
    for (const argv of [[], ['nothing'], ['__proto__'], ['toString']]) {
      const { code, out, err } = await run(argv, main);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain('mastguard COMMAND');
    }
  });

  test('a key of another organisation is no key of this log', async () => {
    const other = testKey(`${ledger.host}/mg/org/0190aaaa-0000-7000-8000-00000000000b`, 1, 'one log');
    const { code, out } = await verify(good, '--vkey', other.vkey, '--vkey', ledger.timeKey.vkey);
    expect(code).toBe(1);
    expect(out).toContain('BAD_SIGNATURE checkpoint:1 and 3 more');
  });
});

/** Bodies of some 20 MB: what is large enough for threads. */
describe('a large export', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'mastguard-verify-'));
    const large = createTestLedger();
    for (let seq = 0; seq < 5_000; seq += 1) {
      const record = { type: `n.${seq}`, actor: 'system', target: null };
      append(large, { kind: 3, body: { ...record, text: 'x'.repeat(3_700 + (seq % 800)) }, fields: record, atMs: START_MS + seq });
    }
    signCheckpoint(large, START_MS + 5_000);
    large.exportedAt = START_MS + 6_000;
    let files = exportFiles(large);
    for (const seq of [0, 499, 500, 2_499, 4_999]) files = replaceInLine('bodies.ndjson', seq, '"text":"x', '"text":"y')(files);
    writeExport(directory, files);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('is read by threads as it is read by one', async () => {
    const threaded = await new Promise<string>((resolve) => {
      execFile(process.execPath, [builtProduct('cli/mastguard.js'), 'verify', directory, '--json'], (_, stdout) => resolve(stdout));
    });
    let single = '';
    await verifyCommand([directory, '--json'], { env: {}, stdout: { write: (text) => (single += text) }, stderr: { write: () => true } });
    expect(JSON.parse(threaded)).toMatchObject({ entries: 5_000, bodies: 5_000, findings: [{ code: 'BODY_MISMATCH', ref: 'entry:0', count: 5 }] });
    expect(threaded).toBe(single);
  });
});
