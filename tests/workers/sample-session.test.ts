import type { PostEvent } from '../../cli/replay/replay.ts';
import { STORY } from '../../core/sample/story.ts';
import type { Decision } from '../../schemas/decision.ts';
import type { MastFinding } from '../../schemas/mast.ts';
import { sendSampleSession } from '../../workers/sample-session.ts';

const DETECTOR_OF = { Memory: 'mem.override', Action: 'act.scope', Space: 'spc.cred', Time: 'tim.loop' } as const;

/** Decides as the story says; `change` may make it say something else. */
function teller(change: (decision: Decision) => Decision = (decision) => decision): { post: PostEvent; sent: string[] } {
  const sent: string[] = [];
  const post: PostEvent = async (event) => {
    sent.push(event.id);
    const { value, categories } = STORY.find((told) => told.event.id === event.id)?.expected ?? { value: 'ALLOW' as const, categories: [] };
    const mast = categories.map((category): MastFinding => ({ category, mode: null, detector: DETECTOR_OF[category], confidence: 1 }));
    const decision: Decision = {
      id: 'd',
      eventId: event.id,
      value,
      mast,
      riskScore: 95,
      reasons: ['A reason that is quite a bit longer than what is left of a narrow terminal.'],
      policy: null,
      receipt: { seq: 0, entryHash: '0'.repeat(64), checkpointSize: 0 },
      latencyMs: 1,
    };
    return { kind: 'decided', decision: change(decision) };
  };
  return { post, sent };
}

async function tell(post: PostEvent, columns = 100): Promise<{ asExpected: boolean; lines: string[] }> {
  const lines: string[] = [];
  return { asExpected: await sendSampleSession({ post, write: (line) => lines.push(line), columns }), lines };
}

test('the story is sent in order, a line each that fits the terminal, and a closing count', async () => {
  const { post, sent } = teller();
  const { asExpected, lines } = await tell(post);
  expect(asExpected).toBe(true);
  expect(sent).toEqual(STORY.map(({ event }) => event.id));
  expect(lines).toHaveLength(STORY.length + 2);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  expect(lines[5]).toMatch(/^ {2}02:46 {2}ops-runner .*check_service_health.*ALERT .*Time .*95 .*A reason.*…$/);
  expect(lines.at(-1)).toMatch(/^38 events: ALLOW \d+, BLOCK \d+, HITL 4, ALERT \d+$/);
});

test('every agent and action of the story fits its column', async () => {
  const { lines } = await tell(teller().post, 400);
  const [header = ''] = lines;
  for (const line of lines.slice(1, -1)) {
    for (const title of ['agent', 'action', 'decision', 'MAST', 'risk', 'reason']) expect(line.at(header.indexOf(title) - 1)).toBe(' ');
  }
});

test.each([
  ['value', (decision: Decision): Decision => ({ ...decision, value: 'ALLOW' })],
  ['category', (decision: Decision): Decision => ({ ...decision, mast: [] })],
])('a decision with another %s is marked, told with what was expected, and fails the session', async (_what, change) => {
  const { post } = teller((decision) => (decision.eventId === 'demo-07-health' ? change(decision) : decision));
  const { asExpected, lines } = await tell(post, 200);
  expect(asExpected).toBe(false);
  expect(lines.filter((line) => line.startsWith('!'))).toEqual([expect.stringContaining('expected BLOCK Time.')]);
  expect(lines.at(-1)).toContain('1 not as expected');
});

test('an event that was refused is marked with the reason and the rest is still sent', async () => {
  const { post, sent } = teller();
  const { asExpected, lines } = await tell(
    async (event) => (event.id === 'demo-01-health' ? { kind: 'refused', detail: 'status 401, unauthenticated' } : post(event)),
    200,
  );
  expect(asExpected).toBe(false);
  expect(sent).toHaveLength(STORY.length - 1);
  expect(lines[1]).toMatch(/^! .*status 401, unauthenticated/);
});

test('an API that does not answer is one clear line and the end', async () => {
  let tries = 0;
  const { asExpected, lines } = await tell(async () => ((tries += 1), { kind: 'gone', detail: 'cannot reach http://127.0.0.1:8787: ECONNREFUSED' }));
  expect([asExpected, tries]).toEqual([false, 1]);
  expect(lines.at(-1)).toBe('cannot reach http://127.0.0.1:8787: ECONNREFUSED');
});
