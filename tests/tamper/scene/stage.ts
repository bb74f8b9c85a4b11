import { createDecisionState } from '../../../activities/decision-state.ts';
import { createDecisionActivities } from '../../../activities/decision.ts';
import { createRetentionActivities } from '../../../activities/retention.ts';
import { createReviewActivities } from '../../../activities/review.ts';
import { createWeigh } from '../../../activities/weigh.ts';
import { createCoalescer } from '../../../db/coalescer.ts';
import type { Sql } from '../../../db/client.ts';
import { settleDecisions } from '../../../db/queries/settle.ts';
import { createSubjectVault } from '../../../db/subject-vault.ts';
import type { Decision, Receipt } from '../../../schemas/decision.ts';
import { sha256Hex } from '../../../api/digest.ts';
import { createBatchLine } from '../../../workers/decision-services.ts';
import { type SceneClock, setSceneClock } from './clock.ts';
import type { Databases } from './databases.ts';
import { OURS } from './landmarks.ts';
import { openSceneSigner, type SceneSigner } from './signer.ts';
import { openTestPool } from '../../support/database.ts';

/** The product's own functions on one database, without servers around them. */
export interface Stage {
  sql: Sql;
  /** A superuser's. */
  admin: Sql;
  clock: SceneClock;
  signer: SceneSigner;
  decide: (action: string, orgId?: string) => Promise<Decision>;
  /** Events that are allowed, until our ledger has so many entries. */
  fill: (entries: number) => Promise<void>;
  approve: (reviewId: string, memberId: string) => Promise<void>;
  /** States what is due in every organisation, and deletes it. */
  purge: (runId: string) => Promise<void>;
  /** What those were answered whose events were decided, in ledger order. */
  receipts: Receipt[];
  close: () => Promise<void>;
}

export interface StageOptions {
  databases: Databases;
  database: string;
  startMs: number;
  masterKey: Buffer;
  signerDirectory: string;
  /** Names events: no two stages use one name twice. */
  prefix: string;
}

const FILLED_AT_ONCE = 64;

export async function openStage({ databases, database, startMs, masterKey, signerDirectory, prefix }: StageOptions): Promise<Stage> {
  const pool = (role?: string, maxConnections = 4): Sql =>
    openTestPool({ url: databases.urlOf(database), maxConnections, ...(role === undefined ? {} : { role }) });
  const [admin, sql, purger] = [pool(undefined, 1), pool('mg_app'), pool('mg_purge', 1)];
  const clock = await setSceneClock(admin, startMs);
  const now = clock.nowMs;
  const vault = createSubjectVault({ sql, masterKey, now });
  const state = createDecisionState(sql);
  const nothing = (): void => undefined;
  const decisions = createDecisionActivities({
    vault,
    state,
    settle: createCoalescer({ flush: (items: Parameters<typeof settleDecisions>[1]) => settleDecisions(sql, items) }),
    settleBatch: createBatchLine(sql),
    answer: nothing,
    answerObserved: nothing,
    delay: nothing,
    publicUrl: 'https://guard.example.com',
    now,
  });
  const reviews = createReviewActivities({ vault, weigh: createWeigh({ vault, now }), now });
  const retention = createRetentionActivities({ sql: purger });
  const signer = await openSceneSigner({ sql: pool('mg_signer', 1), url: databases.urlOf(database), stateDirectory: signerDirectory, now });
  const receipts: Receipt[] = [];
  let events = 0;

  const decide: Stage['decide'] = async (action, orgId = OURS) => {
    events += 1;
    const event = { id: `${prefix}-${events}`, agentId: 'billing-assistant', action };
    const digest = sha256Hex(JSON.stringify(event));
    const decision = await decisions.decideEvent({ orgId, event, digest, requester: 'key:k1', requestId: `req_${prefix}_${events}`, receivedAtMs: now() });
    if (orgId === OURS) receipts.push(decision.receipt);
    return decision;
  };

  return {
    sql,
    admin,
    clock,
    signer,
    decide,
    receipts,
    async fill(entries) {
      for (;;) {
        const [head] = await admin<{ next: number }[]>`select next_seq as next from ledger_head where org_id = ${OURS}`;
        const missing = entries - (head?.next ?? 0);
        if (missing < 0) throw new Error(`there are ${-missing} entries more than ${entries}`);
        if (missing === 0) break;
        await Promise.all(Array.from({ length: Math.min(missing, FILLED_AT_ONCE) }, () => decide('look_up')));
        await clock.advance(1_000);
      }
      receipts.sort((a, b) => a.seq - b.seq);
    },
    async approve(reviewId, memberId) {
      const outcome = await reviews.takeReviewStep({ orgId: OURS, reviewId, stepKey: 'vote/1', move: { step: 'approve', memberId, via: 'key:k1' } });
      if (outcome.kind !== 'recorded') throw new Error(`the step was not recorded: ${outcome.kind}`);
    },
    async purge(runId) {
      for (let after: string | null = null; ;) {
        const { next } = await retention.recordPurges({ runId, after });
        if (next === null) break;
        after = next;
      }
      await retention.dropLeaves({ runId });
      while ((await retention.deleteBodies({ runId })).running > 0);
    },
    async close() {
      await signer.close();
      for (const each of [sql, purger, admin]) await each.end({ timeout: 5 });
    },
  };
}
