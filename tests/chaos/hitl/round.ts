import { setTimeout as sleep } from 'node:timers/promises';
import { verifyLedger } from '../../../db/verify-ledger.ts';
import type { Review } from '../../../schemas/review.ts';
import { type House, type Part, PARTS } from '../../support/house.ts';
import { addTestOrganization } from '../../support/product.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { createPatientClient, type PatientClient } from './patient-client.ts';
import { HITL_DRILL_POLICY, TIMED_LEVELS_MS, timedAction } from './policy.ts';
import { latenessMs, type Outage } from './timers.ts';
import { openTestPool } from '../../support/database.ts';

export interface HitlRound {
  order: string;
  pending: number;
  /** Not there any more, or undecided although people decided. */
  lost: number;
  decidedTwice: number;
  consumedTwice: number;
  timers: number;
  /** Timers that fired more than five seconds after their due time or after recovery. */
  lateTimers: number;
  worstTimerMs: number;
  chainFindings: number;
  notes: string[];
}

interface Waiting {
  id: string;
  action: string;
}

export interface RoundOptions {
  house: House;
  random: SeededRandom;
  pending: number;
}

export const TIMER_WITHIN_MS = 5_000;
const TIMERS_PER_ROUND = 20;

/** Reviews wait; people decide them and agents use the approvals while every part is killed once, in an order that the seed sets. Then what happened is counted. */
export async function runHitlRound({ house, random, pending }: RoundOptions): Promise<HitlRound> {
  const organization = await addTestOrganization(house.sql, house.masterKey, { policy: HITL_DRILL_POLICY });
  const [ann, ola] = await Promise.all([organization.keyOf('Reviewer'), organization.keyOf('Owner')]);
  const client = createPatientClient({ apiUrl: house.apiUrl });
  const notes: string[] = [];
  try {
    const reviews = await parkReviews(client, organization.apiKey, random, pending);
    const order = shuffled(PARTS, random);
    const decided = decideAll(client, { ann, ola, agent: organization.apiKey }, shuffled(reviews, random)).catch(
      (error: unknown) => void notes.push(String(error)),
    );
    const outages = await killInTurn(house, order, random);
    await decided;
    const dead = house.deaths();
    if (dead.length > 0) throw new Error(dead.join('\n'));
    return { order: order.join(' '), ...(await count(house, organization.orgId, client, organization.apiKey, reviews, outages, notes)) };
  } finally {
    client.close();
  }
}

async function parkReviews(client: PatientClient, key: string, random: SeededRandom, pending: number): Promise<Waiting[]> {
  const run = random.integer(1, 1_000_000_000);
  const timers = Math.min(TIMERS_PER_ROUND, Math.floor(pending / 4));
  const actions = Array.from({ length: pending }, (_, index) =>
    index < timers ? timedAction(random.at(TIMED_LEVELS_MS, index)) : index % 3 === 0 ? 'wire' : 'transfer',
  );
  return inParallel(actions, 8, async (action, index) => {
    const event = { id: `hitl-${run}-${index}`, agentId: 'treasury', action, tool: { name: action, args: { to: `account-${index}` } } };
    const { body } = await client.call(key, 'POST', '/api/v1/governance/events', { body: event });
    return { id: body.review.id as string, action };
  });
}

/** Everybody at once: votes, and for each approval two agents' tries to use it. Timed reviews are left to their timers. */
async function decideAll(client: PatientClient, keys: { ann: string; ola: string; agent: string }, reviews: readonly Waiting[]): Promise<void> {
  const manual = reviews.filter(({ action }) => action === 'transfer' || action === 'wire');
  await inParallel(manual, 6, async ({ id, action }, index) => {
    // People take their time; the kills fall among their decisions.
    await sleep(80);
    const path = `/api/v1/hitl/reviews/${id}`;
    const vote = (key: string, who: string, verb: string) => client.call(key, 'POST', `${path}/decision`, { body: { verb }, requestId: `${id}-${who}` });
    const verb = index % 5 === 4 ? 'reject' : 'approve';
    // Two people on a review of one vote: one of them comes too late.
    const [first] = await Promise.all([vote(keys.ann, 'ann', verb), ...(action === 'wire' || index % 2 === 0 ? [vote(keys.ola, 'ola', verb)] : [])]);
    if (first.status !== 200 && first.status !== 409) throw new Error(`a vote was answered ${first.status} ${JSON.stringify(first.body)}`);
    const { body: review } = await client.call(keys.agent, 'GET', path);
    const use = (agent: string) =>
      client.call(keys.agent, 'POST', `${path}/consume`, { body: { digest: review.actionDigest }, idempotencyKey: `${id}-${agent}` });
    await Promise.all([use('one'), use('two')]);
  });
}

async function killInTurn(house: House, order: readonly Part[], random: SeededRandom): Promise<Outage[]> {
  const outages: Outage[] = [];
  for (const part of order) {
    await sleep(random.integer(500, 2_500));
    const fromMs = Date.now();
    await house.kill(part);
    await sleep(random.integer(0, 1_500));
    await house.start(part);
    outages.push({ fromMs, toMs: Date.now() });
  }
  return outages;
}

async function count(
  house: House,
  orgId: string,
  client: PatientClient,
  key: string,
  reviews: readonly Waiting[],
  outages: readonly Outage[],
  notes: string[],
): Promise<Omit<HitlRound, 'order'>> {
  const timed = new Set(reviews.filter(({ action }) => action.startsWith('refund_')).map(({ id }) => id));
  const untilMs = Math.max(Date.now(), ...outages.map(({ toMs }) => toMs)) + Math.max(...TIMED_LEVELS_MS) + TIMER_WITHIN_MS;
  const read = async (id: string): Promise<Review> => (await client.call(key, 'GET', `/api/v1/hitl/reviews/${id}`)).body as Review;
  let lost = 0;
  const late: number[] = [];
  for (const { id } of reviews) {
    let review = await read(id);
    while (timed.has(id) && review.level === 0 && review.status === 'pending' && Date.now() < untilMs) {
      await sleep(100);
      review = await read(id);
    }
    if (timed.has(id)) {
      const timeout = review.steps.find(({ step }) => step === 'timeout');
      const within = Number(reviews.find((each) => each.id === id)?.action.slice('refund_'.length));
      if (timeout === undefined) lost += 1;
      else late.push(latenessMs({ dueAtMs: Date.parse(review.createdAt) + within, firedAtMs: Date.parse(timeout.at) }, outages));
    } else if (review.status === 'pending' || review.status === undefined) {
      lost += 1;
      notes.push(`${id} is ${review.status}`);
    }
  }
  const admin = openTestPool({ url: house.adminUrl, maxConnections: 1 });
  try {
    const twice = async (steps: readonly string[]): Promise<number> => {
      const rows = await admin`
        select review_id from hitl_decisions where org_id = ${orgId} and body::jsonb ->> 'step' = any (${admin.array([...steps], 25)}::text[])
          and (body::jsonb ->> 'status' <> 'pending' or body::jsonb ->> 'step' = 'consume') group by review_id having count(*) > 1`;
      return rows.length;
    };
    const { findings } = await verifyLedger(admin, orgId);
    return {
      pending: reviews.length,
      lost,
      decidedTwice: await twice(['approve', 'reject', 'timeout']),
      consumedTwice: await twice(['consume']),
      timers: late.length,
      lateTimers: late.filter((ms) => ms > TIMER_WITHIN_MS).length,
      worstTimerMs: Math.max(0, ...late),
      chainFindings: findings.length,
      notes,
    };
  } finally {
    await admin.end({ timeout: 1 });
  }
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  return items
    .map((item) => ({ item, place: random.next() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** In order of start, `width` at a time. */
async function inParallel<T, R>(items: readonly T[], width: number, work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const runner = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as T, at);
  };
  await Promise.all(Array.from({ length: width }, runner));
  return results;
}
