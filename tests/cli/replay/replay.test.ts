import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { replay } from '../../../cli/replay/replay.ts';
import type { PostEvent, PostOutcome } from '../../../cli/replay/replay.ts';
import type { Decision, DecisionValue } from '../../../schemas/decision.ts';
import type { EventInput } from '../../../schemas/event.ts';
import { seededRandom } from '../../support/seeded-random.ts';

type Sent = EventInput & { id: string };

function decision(event: Sent, value: DecisionValue = 'ALLOW'): PostOutcome {
  const told: Decision = {
    id: `dec_${event.id}`,
    eventId: event.id,
    value,
    mast: value === 'ALLOW' ? [] : [{ category: 'Time', mode: 'FM-1.3', detector: 'tim.loop', confidence: 0.8 }],
    riskScore: 0,
    reasons: value === 'ALLOW' ? [] : ['again and again'],
    policy: null,
    receipt: { seq: 0, entryHash: '0'.repeat(64), checkpointSize: 0 },
    latencyMs: 1,
  };
  return { kind: 'decided', decision: told };
}

/** A port that takes a few turns for each event and keeps book. */
function recorder(answer: (event: Sent) => PostOutcome = (event) => decision(event)) {
  const random = seededRandom(7);
  const log = { sent: [] as Sent[], most: 0, overlaps: 0 };
  const under = new Map<string, number>();
  let inFlight = 0;
  const post: PostEvent = async (event) => {
    const session = event.sessionId ?? event.id;
    log.sent.push(event);
    log.most = Math.max(log.most, (inFlight += 1));
    under.set(session, (under.get(session) ?? 0) + 1);
    if ((under.get(session) ?? 0) > 1) log.overlaps += 1;
    for (let left = random.integer(0, 6); left > 0; left -= 1) await turn();
    under.set(session, (under.get(session) ?? 0) - 1);
    inFlight -= 1;
    return answer(event);
  };
  return { log, post };
}

const sessionLine = (session: string, count: number): string =>
  JSON.stringify({ session, events: Array.from({ length: count }, (_, index) => ({ agentId: 'a', action: `step-${index}`, sessionId: 'as-recorded' })) });
const eventLine = (sessionId: string | undefined, action: string): string =>
  JSON.stringify({ agentId: 'a', action, ...(sessionId === undefined ? {} : { sessionId }) });

test('events of one session go strictly one after the other, sessions side by side up to the bound', async () => {
  const { log, post } = recorder();
  const summary = await replay({ lines: Array.from({ length: 12 }, (_, index) => sessionLine(`s${index}`, 9)), post, concurrency: 4 });
  expect(summary).toMatchObject({ sessions: 12, decided: 108, decisions: { ALLOW: 108, BLOCK: 0, HITL: 0, ALERT: 0 }, stopped: null });
  expect([log.most, log.overlaps]).toEqual([4, 0]);
  for (let index = 0; index < 12; index += 1) {
    const actions = log.sent.filter(({ sessionId }) => sessionId === `replay-s${index}`).map(({ action }) => action);
    expect(actions).toEqual(Array.from({ length: 9 }, (_, step) => `step-${step}`));
  }
});

test('a session that is spread over many lines keeps its order', async () => {
  const { log, post } = recorder();
  const lines = Array.from({ length: 40 }, (_, index) => eventLine(index % 2 === 0 ? 'even' : 'odd', `step-${index}`));
  await replay({ lines, post, format: 'mastguard' });
  expect(log.sent.filter(({ sessionId }) => sessionId === 'replay-even').map(({ action }) => action)).toEqual(
    Array.from({ length: 20 }, (_, index) => `step-${2 * index}`),
  );
  expect([log.most, log.overlaps]).toEqual([2, 0]);
});

test('ids come from prefix, session and index, the same in every run and distinct', async () => {
  const lines = [sessionLine('s1', 2), eventLine(undefined, 'alone'), eventLine('s2', 'one'), eventLine('s2', 'two')];
  const idsOf = async (prefix: string): Promise<string[]> => {
    const { log, post } = recorder();
    await replay({ lines, post, prefix });
    return log.sent.map(({ id }) => id).toSorted();
  };
  const ids = await idsOf('r1:');
  expect(ids).toEqual(['r1:line-2-0', 'r1:s1-0', 'r1:s1-1', 'r1:s2-0', 'r1:s2-1']);
  expect(await idsOf('r1:')).toEqual(ids);
  expect((await idsOf('r2:')).filter((id) => ids.includes(id))).toEqual([]);
});

test('an event without a session stays without one', async () => {
  const { log, post } = recorder();
  await replay({ lines: [eventLine(undefined, 'alone')], post });
  expect(log.sent.map(({ sessionId }) => sessionId)).toEqual([undefined]);
});

test('a line that cannot be read is named with its number and skipped, the rest is sent', async () => {
  const { post } = recorder();
  const named: string[] = [];
  const lines = [sessionLine('s1', 1), '{"session":', '', '{"session":"s2","events":[{"agentId":"a"}]}', sessionLine('s3', 1)];
  const summary = await replay({ lines, post, onUnreadable: (line, detail) => named.push(`${line} ${detail}`) });
  expect(summary).toMatchObject({ decided: 2, unreadableLines: 2 });
  expect(named).toEqual(['2 is not JSON', expect.stringMatching(/^4 events\[0\]: action: /)]);
});

test('the limit counts events and cuts inside a session', async () => {
  const { log, post } = recorder();
  const summary = await replay({ lines: [sessionLine('s1', 3), sessionLine('s2', 3), sessionLine('s3', 3)], post, limit: 5 });
  expect(summary).toMatchObject({ decided: 5, sessions: 2, stopped: null });
  expect(log.sent).toHaveLength(5);
});

test('a stop waits for the requests in flight, counts them, and sends nothing more', async () => {
  const stop = new AbortController();
  const { log, post } = recorder((event) => {
    if (event.id === 'replay-s1-2') stop.abort();
    return decision(event);
  });
  const summary = await replay({ lines: Array.from({ length: 6 }, (_, index) => sessionLine(`s${index}`, 50)), post, concurrency: 3, signal: stop.signal });
  expect(summary.stopped).toBe('interrupted');
  expect(summary.decided).toBe(log.sent.length);
  expect(summary.sessions).toBe(new Set(log.sent.map(({ sessionId }) => sessionId)).size);
  expect(log.sent.length).toBeLessThan(60);
});

test('an event given up while waiting is neither decided nor failed', async () => {
  const stop = new AbortController();
  const { post } = recorder(() => {
    stop.abort();
    return { kind: 'stopped' };
  });
  expect(await replay({ lines: [sessionLine('s1', 3)], post, signal: stop.signal })).toMatchObject({ decided: 0, failedEvents: 0, stopped: 'interrupted' });
});

test('a refused event is counted and the session goes on; an API that is gone ends the run', async () => {
  const refusing = recorder((event) => (event.id.endsWith('-1') ? { kind: 'refused', detail: 'status 422' } : decision(event, 'ALERT')));
  expect(await replay({ lines: [sessionLine('s1', 3)], post: refusing.post })).toMatchObject({
    decided: 2,
    decisions: { ALERT: 2 },
    reasons: [{ reason: 'again and again', count: 2 }],
    detectors: [{ detector: 'tim.loop', count: 2 }],
    failed: [{ eventId: 'replay-s1-1', detail: 'status 422' }],
    stopped: null,
  });
  const gone = recorder((event) => (event.id.endsWith('-1') ? { kind: 'gone', detail: 'refused' } : decision(event)));
  expect(await replay({ lines: [sessionLine('s1', 9)], post: gone.post })).toMatchObject({ sessions: 1, decided: 1, failedEvents: 1, stopped: 'unreachable' });
  expect(gone.log.sent).toHaveLength(2);
});

const brokenPort: PostEvent = () => Promise.reject(new Error('broken port'));

test('a port that throws fails the replay instead of hanging it', async () => {
  await expect(replay({ lines: [sessionLine('s1', 2), sessionLine('s2', 2)], post: brokenPort })).rejects.toThrow('broken port');
});

test('progress tells what was sent of what was read', async () => {
  const { post } = recorder();
  const told: [number, number][] = [];
  await replay({ lines: [sessionLine('s1', 3), sessionLine('s2', 2)], post, onEvent: (sent, read) => told.push([sent, read]) });
  expect(told.map(([sent]) => sent)).toEqual([1, 2, 3, 4, 5]);
  expect(told.at(-1)).toEqual([5, 5]);
});

test('no more than a bounded number of events is read ahead of a slow API', async () => {
  let read = 0;
  const gate = new AbortController();
  const held = once(gate.signal, 'abort');
  async function* lines(): AsyncIterable<string> {
    for (; read < 10_000; read += 1) yield eventLine('one', `step-${read}`);
  }
  const running = replay({ lines: lines(), post: async (event) => (await held, decision(event)) });
  for (let left = 5_000; left > 0; left -= 1) await turn();
  expect(read).toBeLessThan(3_000);
  gate.abort();
  expect((await running).decided).toBe(10_000);
});
