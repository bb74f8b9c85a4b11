import { realpathSync } from 'node:fs';
import { createEventClient } from '../cli/replay/event-client.ts';
import type { PostEvent } from '../cli/replay/replay.ts';
import { NotRunning, readRuntime } from '../cli/replay/runtime.ts';
import { categoriesOf, STORY } from '../core/sample/story.ts';
import type { ExpectedDecision, StoryEvent } from '../core/sample/story-event.ts';
import type { Decision, DecisionValue } from '../schemas/decision.ts';

export interface SampleSessionOptions {
  story?: readonly StoryEvent[];
  post: PostEvent;
  write: (line: string) => void;
  /** Width of the terminal, in characters. */
  columns: number;
}

/** Tells the story to the API and prints each decision. True when all were decided as the story says. */
export async function sendSampleSession({ story = STORY, post, write, columns }: SampleSessionOptions): Promise<boolean> {
  const counts: Record<DecisionValue, number> = { ALLOW: 0, BLOCK: 0, HITL: 0, ALERT: 0 };
  let surprises = 0;
  write(row(['time', 'agent', 'action', 'decision', 'MAST', 'risk', 'reason'], columns));
  for (const { event, expected } of story) {
    const outcome = await post(event);
    if (outcome.kind === 'gone') {
      write(outcome.detail);
      return false;
    }
    const told = [event.occurredAt?.slice(11, 16) ?? '', event.agentId, event.action];
    if (outcome.kind !== 'decided') {
      surprises += 1;
      write(row([...told, 'none', '', '', outcome.kind === 'refused' ? outcome.detail : outcome.kind], columns, true));
      continue;
    }
    const { decision } = outcome;
    counts[decision.value] += 1;
    const isExpected = fits(decision, expected);
    if (!isExpected) surprises += 1;
    const instead = isExpected ? [] : [`expected ${[expected.value, ...expected.categories].join(' ')}.`];
    const reason = [...instead, ...decision.reasons.slice(0, 1)].join(' ');
    write(row([...told, decision.value, categoriesOf(decision.mast).join(' '), String(decision.riskScore), reason], columns, !isExpected));
  }
  const sum = Object.entries(counts).map(([value, count]) => `${value} ${count}`);
  write(`${story.length} events: ${sum.join(', ')}${surprises === 0 ? '' : `; ${surprises} not as expected (${MARK})`}`);
  return surprises === 0;
}

const MARK = '!';
const WIDTHS = [5, 17, 22, 8, 6, 4] as const;

function fits({ value, mast }: Decision, expected: ExpectedDecision): boolean {
  return value === expected.value && categoriesOf(mast).join() === expected.categories.join();
}

/** The last cell takes what is left of the line. */
function row(cells: readonly string[], columns: number, isMarked = false): string {
  const padded = cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0));
  const line = `${isMarked ? MARK : ' '} ${padded.join('  ')}`.trimEnd();
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** `node dist/workers/sample-session.js`, with the product running. */
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  try {
    const asExpected = await sendSampleSession({ post: createEventClient(readRuntime(process.env)), write: writeLine, columns: process.stdout.columns ?? 160 });
    process.exitCode = asExpected ? 0 : 1;
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
