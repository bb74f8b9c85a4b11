import { execFile, spawn, spawnSync } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { builtProduct } from './built-product.ts';
import { writeExport } from './ledger-export.ts';
import type { ExportFiles } from './ledger-export.ts';

const ROOT = join(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'verify', 'verify.py');
const ENOUGH = 'import sys; sys.exit(0 if sys.version_info >= (3, 9) else 1)';

export interface Finding {
  code: string;
  ref: string;
  count: number;
}

/** Exit code and, but for exit code 2, the result, and its findings in short: `<code> <ref>`, and ` x<count>` where that is above 1. */
export interface Verdict {
  exitCode: number;
  findings: string[];
  result: (Record<string, unknown> & { findings: Finding[] }) | null;
}

/** Findings in short, or that there can be none: exit code 2. */
export type Expected = readonly string[] | 'unreadable';

/** What keeps the verifier in Python from running here; null when nothing does. */
export function pythonProblem(): string | null {
  if (spawnSync('python3', ['-c', ENOUGH]).status !== 0) return 'no python3 of version 3.9 or newer found';
  const { stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  return /^OpenSSL (?:[3-9]|\d\d)\./.test(stdout ?? '') ? null : 'no openssl command of version 3 or newer found';
}

/** `describe` where Python and OpenSSL are to be had or demanded; a named skip on a user's machine without them. */
export function describeVerifiers(name: string, tests: () => void): void {
  const problem = process.env['CI'] === 'true' ? null : pythonProblem();
  if (problem === null) describe(name, tests);
  else describe.skip(`${name} (${problem})`, tests);
}

/** Both verifiers say exactly this of an export, with the same counts and the right exit code. `options` may name the directory as `DIR`. */
export async function expectBoth(files: ExportFiles, expected: Expected, options: readonly string[] = []): Promise<Verdict> {
  return agreed(await judge(files, ['DIR', '--json', ...options]), expected);
}

/** The same of the commands as people call them: a process each. */
export async function expectBothCommands(files: ExportFiles, expected: Expected, options: readonly string[] = []): Promise<Verdict> {
  return agreed(await judge(files, ['DIR', '--json', ...options], inProcesses), expected);
}

/** What both say of files in a directory; the arguments name it as `DIR`. */
export async function judge(files: ExportFiles, args: readonly string[], run: RunBoth = inOneProcess): Promise<{ typescript: Verdict; python: Verdict }> {
  const directory = mkdtempSync(join(tmpdir(), 'mastguard-export-'));
  try {
    writeExport(directory, files);
    const [typescript, python] = await run(args.map((each) => each.replace('DIR', directory)));
    return { typescript: verdictOf(typescript), python: verdictOf(python) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function agreed({ typescript, python }: { typescript: Verdict; python: Verdict }, expected: Expected): Verdict {
  expect(python.findings).toEqual(expected === 'unreadable' ? [] : expected);
  expect(python.exitCode).toBe(expected === 'unreadable' ? 2 : Math.min(expected.length, 1));
  expect(typescript).toEqual(python);
  return python;
}

interface Answer {
  exitCode: number;
  stdout: string;
  stderr: string;
}

type RunBoth = (args: readonly string[]) => Promise<[Answer, Answer]>;

function verdictOf({ exitCode, stdout, stderr }: Answer): Verdict {
  if (exitCode === 2 && stdout === '' && stderr !== '') return { exitCode, findings: [], result: null };
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`a verifier ended with ${exitCode}: ${stderr}`);
  const result = JSON.parse(stdout) as NonNullable<Verdict['result']>;
  return { exitCode, result, findings: result.findings.map(({ code, ref, count }) => `${code} ${ref}${count === 1 ? '' : ` x${count}`}`) };
}

const inProcesses: RunBoth = (args) =>
  Promise.all([runFile(process.execPath, [builtProduct('cli/mastguard.js'), 'verify', ...args]), runFile('python3', [SCRIPT, ...args])]);

function runFile(file: string, args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const child = execFile(file, args, (_, stdout, stderr) => resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }));
  });
}

/** Starting a process costs more than judging a small export, so that one of each sort judges all exports of a test file. */
const inOneProcess: RunBoth = (args) => {
  builtProduct('cli/mastguard.js');
  many.typescript ??= startMany(process.execPath, 'verify-many.mjs');
  many.python ??= startMany('python3', 'verify_many.py');
  return Promise.all([many.typescript.run(['verify', ...args]), many.python.run(args)]);
};

interface Many {
  run: (args: readonly string[]) => Promise<Answer>;
  stop: () => void;
}

const many: { typescript?: Many; python?: Many } = {};

afterAll(() => {
  many.typescript?.stop();
  many.python?.stop();
});

function startMany(file: string, script: string): Many {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(file, [join(import.meta.dirname, script)], { stdio: ['pipe', 'pipe', 'inherit'] });
  // A program that is not there, or has ended, says so below: its output ends.
  child.once('error', () => undefined);
  child.stdin.once('error', () => undefined);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(args) {
      child.stdin.write(`${JSON.stringify(args)}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new Error(pythonProblem() ?? `${script} has ended`);
      return JSON.parse(value) as Answer;
    },
    stop: () => child.stdin.end(),
  };
}
