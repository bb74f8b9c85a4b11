import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { closedLoop, type LoadResult, openLoop } from './decision/load.ts';
import { createEventPoster } from './decision/http-caller.ts';
import { processCpuMs } from './decision/process-cpu.ts';
import { openBenchHouse } from './decision/house.ts';

export interface DecisionBenchOptions {
  clients?: number[];
  openPerSec?: number[];
  rounds?: number;
  seconds?: number;
}

interface Load {
  clients?: number;
  perSec?: number;
  seconds: number;
}

interface Pattern {
  name: string;
  run: (load: Load) => Promise<LoadResult>;
  /** The process whose CPU is counted: worker, and API where it has one. */
  pid: number;
}

/**
 * Measures the decision path in one interleaved run: a bare workflow with `execute` on a server as it comes, a bare workflow with
 * eager start and the full product over HTTP, both on a tuned server. The figures of a line were taken seconds apart, so their
 * ratios hold where the machine's speed does not.
 */
export async function runDecisionBench({ clients = [1, 10, 50], openPerSec = [10, 30], rounds = 3, seconds = 5 }: DecisionBenchOptions = {}): Promise<void> {
  const house = await openBenchHouse();
  const children: ChildProcess[] = [];
  try {
    const patterns: Pattern[] = [
      await barePattern('bare execute, default server', house.defaultTemporal.address, false, children),
      await barePattern('bare eager, tuned server', house.tunedTemporal.address, true, children),
      await productPattern(house, children),
    ];
    const loads: Load[] = [...clients.map((count) => ({ clients: count, seconds })), ...openPerSec.map((perSec) => ({ perSec, seconds: seconds * 2 }))];
    // Long enough for the engine to have compiled what is hot: a service is measured warm.
    for (const { run } of patterns) await run({ clients: 10, seconds: 12 });
    const table: Record<string, string | number>[] = [];
    for (const load of loads) {
      const results = new Map<string, (LoadResult & { cpuMs: number; serverCpuMs: number })[]>();
      for (let round = 0; round < rounds; round += 1) {
        for (const { name, run, pid } of patterns) {
          const before = processCpuMs(pid);
          const serversBefore = house.serverCpuMs();
          const result = await run(load);
          const perEvent = (ms: number): number => Number((ms / Math.max(1, result.count)).toFixed(2));
          const measured = { ...result, cpuMs: perEvent(processCpuMs(pid) - before), serverCpuMs: perEvent(house.serverCpuMs() - serversBefore) };
          results.set(name, [...(results.get(name) ?? []), measured]);
          process.stdout.write(`${JSON.stringify({ bench: 'decision', pattern: name, ...load, round, ...measured })}\n`);
        }
      }
      for (const [name, measured] of results) {
        const median = (key: keyof (typeof measured)[number]): number =>
          measured.map((one) => one[key]).toSorted((a, b) => a - b)[measured.length >> 1] ?? Number.NaN;
        table.push({
          load: load.perSec === undefined ? `${load.clients} clients` : `${load.perSec}/s open`,
          pattern: name,
          'per s': median('perSec'),
          'p50 ms': median('p50Ms'),
          'p95 ms': median('p95Ms'),
          'p99 ms': median('p99Ms'),
          failed: measured.reduce((sum, { failed }) => sum + failed, 0),
          'worker CPU ms': median('cpuMs'),
          'servers CPU ms': median('serverCpuMs'),
        });
      }
    }
    printTable(table);
  } finally {
    // Nothing in them is worth a clean end, and a worker that drains waits for input that never comes.
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null).map((child) => once(child, 'exit')));
    await house.close();
  }
}

async function barePattern(name: string, address: string, eager: boolean, children: ChildProcess[]): Promise<Pattern> {
  const child = spawn(process.execPath, ['--max-semi-space-size=32', '--import', 'tsx', join(import.meta.dirname, 'decision', 'bare-runner.ts'), address], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    name,
    pid: child.pid ?? 0,
    async run(load) {
      child.stdin.write(`${JSON.stringify({ eager, ...load })}\n`);
      const { value } = await lines.next();
      return JSON.parse(value as string) as LoadResult;
    },
  };
}

async function productPattern(house: Awaited<ReturnType<typeof openBenchHouse>>, children: ChildProcess[]): Promise<Pattern> {
  const { env, apiUrl, apiKey } = await house.prepareProduct(randomBytes(32).toString('hex'));
  const child = spawn(process.execPath, ['--max-semi-space-size=32', join(import.meta.dirname, '..', 'dist', 'workers', 'main.js'), '--role', 'api,decision'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
  for (let attempt = 0; ; attempt += 1) {
    const ready = await fetch(`${apiUrl}/health/ready`).catch(() => undefined);
    if (ready?.status === 200) break;
    if (attempt > 150 || child.exitCode !== null) throw new Error('the product did not become ready');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const post = createEventPoster({ apiUrl, apiKey });
  return {
    name: 'full product over HTTP',
    pid: child.pid ?? 0,
    run: ({ clients, perSec, seconds }) => (perSec === undefined ? closedLoop(post, { clients: clients ?? 1, seconds }) : openLoop(post, { perSec, seconds })),
  };
}

function printTable(rows: Record<string, string | number>[]): void {
  const columns = Object.keys(rows[0] ?? {});
  const width = (column: string): number => Math.max(column.length, ...rows.map((row) => String(row[column]).length));
  const line = (cells: (column: string) => string): string => columns.map((column) => cells(column).padEnd(width(column))).join('  ');
  process.stdout.write(`\n${line((column) => column)}\n`);
  for (const row of rows) process.stdout.write(`${line((column) => String(row[column]))}\n`);
}
