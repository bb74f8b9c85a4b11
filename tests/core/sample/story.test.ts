import { createHash } from 'node:crypto';
import { evaluateEvent } from '../../../core/decision/evaluate-event.ts';
import type { Evaluation } from '../../../core/decision/evaluation.ts';
import { openSession } from '../../../core/detection/session-state.ts';
import type { SessionState } from '../../../core/detection/session-state.ts';
import { compilePolicy } from '../../../core/policy/compile.ts';
import { DEMO_AGENTS } from '../../../core/sample/demo-agents.ts';
import { DEMO_POLICY } from '../../../core/sample/demo-policy.ts';
import { categoriesOf, STORY } from '../../../core/sample/story.ts';
import { EventInput } from '../../../schemas/event.ts';
import { PublicId } from '../../../schemas/ids.ts';

const decisions = decideStory();

test.each(STORY.map((told) => [told.event.id, told] as const))('%s is decided as the story says', (id, { expected }) => {
  const { value, findings, policyError } = decisions.get(id) ?? {};
  expect({ value, categories: categoriesOf(findings ?? []), policyError }).toEqual({ ...expected, policyError: null });
});

test('the story shows every decision and every category', () => {
  expect(new Set(STORY.map(({ expected }) => expected.value))).toEqual(new Set(['ALLOW', 'BLOCK', 'HITL', 'ALERT']));
  expect(new Set(STORY.flatMap(({ expected }) => expected.categories))).toEqual(new Set(['Memory', 'Action', 'Space', 'Time']));
});

test('every rule of the demo policy decides at least one event', () => {
  const deciding = new Set([...decisions.values()].map(({ policy }) => policy?.ruleId));
  expect(DEMO_POLICY.rules.map(({ id }) => id).filter((id) => !deciding.has(id))).toEqual([]);
});

test('every review has two levels and waits for days', () => {
  const reviews = [...decisions.values()].flatMap(({ review }) => (review === null ? [] : [review]));
  expect(reviews).toHaveLength(4);
  for (const { levels } of reviews) {
    expect(levels).toHaveLength(2);
    expect(Math.min(...levels.map(({ withinMs }) => withinMs))).toBeGreaterThanOrEqual(48 * 3_600_000);
  }
});

test('ids are numbered in order, are fit for the Temporal UI, and time never runs back', () => {
  STORY.forEach(({ event }, index) => {
    expect(event.id).toMatch(new RegExp(`^demo-${String(index + 1).padStart(2, '0')}-[a-z-]+$`));
    expect(PublicId.safeParse(event.id).success).toBe(true);
    expect(Date.parse(event.occurredAt ?? '')).toBeGreaterThanOrEqual(Date.parse(STORY[index - 1]?.event.occurredAt ?? '2026-01-01T00:00:00Z'));
  });
});

test('every event is a valid one, of an agent with a profile, and every address in it is at example.com', () => {
  for (const { event } of STORY) {
    expect(EventInput.safeParse(event).error).toBeUndefined();
    expect(Object.keys(DEMO_AGENTS)).toContain(event.agentId);
    const addresses = JSON.stringify(event).match(/[\w.-]+@[\w.-]+\w/g) ?? [];
    expect(addresses.filter((address) => !/[@.]example\.com$/.test(address))).toEqual([]);
  }
});

/** In order, each session's state carried on, as the product does. */
function decideStory(): Map<string, Evaluation> {
  const policy = { version: 'demo@1', compiled: compilePolicy(DEMO_POLICY) };
  const sessions = new Map<string, SessionState>();
  const decided = new Map<string, Evaluation>();
  STORY.forEach(({ event }, index) => {
    const nowMs = index * 20;
    const session = event.sessionId === undefined ? null : (sessions.get(event.sessionId) ?? openSession(nowMs));
    const evaluation = evaluateEvent({ orgId: 'demo', event, profile: DEMO_AGENTS[event.agentId] ?? null, session, policy, nowMs, sha256Hex });
    if (event.sessionId !== undefined && evaluation.session !== null) sessions.set(event.sessionId, evaluation.session);
    decided.set(event.id, evaluation);
  });
  return decided;
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
