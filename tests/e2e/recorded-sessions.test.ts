import { createEventClient } from '../../cli/replay/event-client.ts';
import { replay } from '../../cli/replay/replay.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import type { Decision } from '../../schemas/decision.ts';
import type { EventInput } from '../../schemas/event.ts';
import { generateAttacks, generateCalls } from '../support/generated-attacks.ts';
import { type House, openHouse } from '../support/house.ts';
import { houseCaller } from '../support/house-caller.ts';
import { addTestOrganization, type TestOrganization } from '../support/product.ts';
import { recordedSessions } from '../support/traces.ts';

let house: House;
let organization: TestOrganization;
beforeAll(async () => {
  house = await openHouse();
  organization = await addTestOrganization(house.sql, house.masterKey);
});
afterAll(() => house.close());

function bySession(events: EventInput[]): EventInput[][] {
  const sessions = new Map<string, EventInput[]>();
  for (const event of events) sessions.set(event.sessionId ?? '', [...(sessions.get(event.sessionId ?? '') ?? []), event]);
  return [...sessions.values()];
}

/** Sends the sessions side by side, each in its order; answers every decision with its event. */
async function send(sessions: EventInput[][], prefix: string): Promise<{ event: EventInput; decision: Decision }[]> {
  const decided: { event: EventInput; decision: Decision }[] = [];
  const post = createEventClient({ apiUrl: house.apiUrl, apiKey: organization.apiKey, giveUpAfterMs: 180_000 });
  const summary = await replay({
    lines: sessions.map((events, index) => JSON.stringify({ session: `${prefix}-${index}`, events })),
    format: 'sessions',
    prefix,
    concurrency: 12,
    async post(event) {
      const outcome = await post(event);
      if (outcome.kind === 'decided') decided.push({ event, decision: outcome.decision });
      return outcome;
    },
  });
  expect(summary).toMatchObject({ failedEvents: 0, unreadableLines: 0, stopped: null });
  return decided;
}

test('recorded benign sessions: at most 1 % are blocked or held under the default policy, and each one is explained', async () => {
  const recorded = recordedSessions();
  const sessions: EventInput[][] = [];
  if (recorded === null) {
    process.stderr.write('the recorded sessions are not here (MASTGUARD_DATA); generated calls stand in\n');
    sessions.push(...bySession(generateCalls({ seed: 20_261, count: 2_455 })));
  } else {
    for await (const { events } of recorded) sessions.push(events);
    expect(sessions).toHaveLength(100);
  }
  const decided = await send(sessions, 'recorded');
  expect(decided).toHaveLength(2_455);
  const held = decided.filter(({ decision }) => decision.value === 'BLOCK' || decision.value === 'HITL');
  expect(held.length).toBeLessThanOrEqual(decided.length / 100);
  for (const { decision } of held) expect(decision.reasons.length).toBeGreaterThan(0);
}, 240_000);

test('two hundred generated attacks are each found by the detector they are made for', async () => {
  const attacks = generateAttacks({ seed: 7, count: 200 }).map((attack, index) => ({
    ...attack,
    // One agent an attack, because profiles differ.
    events: attack.events.map((event) => ({ ...event, agentId: `${event.agentId}-${index}` })),
  }));
  const call = houseCaller(house, organization.apiKey);
  for (const { profile, events } of attacks) {
    if (profile === null) continue;
    await call('PUT', `/api/v1/governance/agents/${events[0]?.agentId}`, profile);
  }
  const decided = await send(
    attacks.map(({ events }) => events),
    'attack',
  );
  const lastOf = new Map<string, Decision>();
  for (const { event, decision } of decided) lastOf.set(event.agentId, decision);
  const missed = attacks.filter(
    ({ events, expect: { detector } }) => lastOf.get(events[0]?.agentId ?? '')?.mast.every((finding) => finding.detector !== detector) ?? true,
  );
  expect(missed.map(({ expect: { detector } }) => detector)).toEqual([]);
  const stopped = [...lastOf.values()].filter(({ value }) => value !== 'ALLOW');
  expect(stopped).toHaveLength(attacks.length);
}, 240_000);

test('a thousand generated ordinary calls are allowed', async () => {
  const decided = await send(bySession(generateCalls({ seed: 11, count: 1_000 })), 'calls');
  expect(decided.filter(({ decision }) => decision.value !== 'ALLOW').map(({ decision }) => decision.reasons)).toEqual([]);
}, 240_000);

test('the chain verifies after all of it', async () => {
  const { entries, findings } = await verifyLedger(house.sql, organization.orgId);
  expect(entries).toBeGreaterThan(3_655);
  expect(findings).toEqual([]);
});
