import { readFileSync } from 'node:fs';

/** Clock ticks a second on Linux. */
const TICKS_PER_SEC = 100;

/** CPU milliseconds a process has used, its threads included; 0 where `/proc` does not say. */
export function processCpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC) * 1_000;
  } catch {
    return 0;
  }
}

/** The same for a process and all below it, such as PostgreSQL's backends. Those that have ended meanwhile are left out. */
export function processTreeCpuMs(pid: number): number {
  return processCpuMs(pid) + childrenOf(pid).reduce((sum, child) => sum + processTreeCpuMs(child), 0);
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
