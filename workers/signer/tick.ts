import type { Logger } from 'pino';
import { deploymentOrigin, orgOrigin } from '../../core/ledger/log-names.ts';
import type { Sql } from '../../db/client.ts';
import {
  type DeploymentView,
  holdSignerLock,
  type LedgerView,
  listLedgerViews,
  listUnsigned,
  readDeployment,
  recordCheckpoints,
  type StoredCheckpoint,
  type UnsignedLedger,
} from '../../db/queries/signing.ts';
import { catchUp, type Ready } from './catch-up.ts';
import { contradictionOf, contradictionOfDeployment } from './contradictions.ts';
import { createDueLedgers, lagSeconds, SIGNER_LIMITS, type SignerLimits } from './due.ts';
import { installationOf, type Memory } from './memory.ts';
import { checkpointOf, deploymentAfter, deploymentCheckpointOf, lacksKey, positionAfter, type Signatory } from './next-checkpoint.ts';
import { createOwnership } from './own-checkpoints.ts';
import type { Contradiction } from './reading.ts';
import { createRefusals } from './refusals.ts';
import type { RememberedDeployment, RememberedOrg } from './remembered.ts';
import { finishRotations, takeUpNextKeys } from './rotation.ts';

export interface SignerParts {
  /** A pool of one connection: the lock belongs to its session. */
  sql: Sql;
  memory: Memory;
  /** Its keys are replaced in place when a rotation ends. */
  signatory: Signatory;
  now: () => number;
  logger: Logger;
  limits?: Partial<SignerLimits>;
}

export interface TickReport {
  /** Another signer works on this database. */
  waits: boolean;
  /** Organisations that were signed. */
  signed: number;
  /** Organisations (and the deployment log) for which nothing is signed. */
  refusals: number;
  lagSeconds: number;
  /** There was more to do than one turn does. */
  more: boolean;
}

/**
 * The signer's turn: finds what is due, reads it, remembers it durably, and only then signs and records it. Throws where the database or the
 * state directory fails; the next turn goes on from what was remembered.
 */
export function createSigner({ sql, memory, signatory, now, logger, limits: changed = {} }: SignerParts): { tick: () => Promise<TickReport> } {
  const limits: SignerLimits = { ...SIGNER_LIMITS, ...changed };
  const refusals = createRefusals({ sql, memory, logger, now });
  const dueLedgers = createDueLedgers(limits);
  /** Remembered and not known to be recorded: to be signed again whether or not something is new. */
  const unconfirmed = new Set<string>();
  const strikes = new Map<string, number>();
  let isOurs = createOwnership(installationOf(memory), signatory.keys);
  let hasLooked = false;
  let refusedDeployment: Contradiction | undefined;

  const rememberedDeployment = (): RememberedDeployment | undefined => (typeof memory.deployment === 'string' ? undefined : memory.deployment);
  const compare = (org: string, view: LedgerView | undefined): Contradiction | undefined =>
    contradictionOf({ origin: orgOrigin(signatory.host, org), remembered: memory.orgs.get(org), damaged: memory.damaged.get(org), view }, isOurs);

  /** Everything once, whenever the session is new: behind a new session may be another database, restored from a backup. */
  async function lookAtAll(): Promise<void> {
    const unseen = new Set([...memory.orgs.keys(), ...memory.damaged.keys()]);
    unconfirmed.clear();
    let afterOrg: string | undefined;
    do {
      const page = await listLedgerViews(sql, { afterOrg, limit: 500 });
      for (const view of page) {
        unseen.delete(view.org);
        if (refusals.has(view.org)) continue;
        const contradiction = compare(view.org, view);
        if (contradiction !== undefined) refusals.add(view.org, contradiction);
        else if (isUnconfirmed(memory.orgs.get(view.org), view)) unconfirmed.add(view.org);
      }
      afterOrg = page.at(-1)?.org;
    } while (afterOrg !== undefined);
    for (const org of unseen) {
      const contradiction = compare(org, undefined);
      if (contradiction !== undefined) refusals.add(org, contradiction);
    }
  }

  async function refuseDeployment(contradiction: Contradiction): Promise<void> {
    if (refusedDeployment === undefined) logger.error(contradiction, 'nothing is signed any more: the deployment log contradicts what was signed');
    refusedDeployment = contradiction;
    if (typeof memory.deployment === 'string') return;
    await memory.keepDeployment({
      v: 1,
      position: memory.deployment?.position ?? null,
      refusal: { ...contradiction, atMs: now(), recorded: true },
    });
  }

  /** Whether nothing can be signed, since every checkpoint goes into the deployment log as well. */
  async function refusesDeployment(view: DeploymentView): Promise<boolean> {
    if ((rememberedDeployment()?.refusal ?? null) !== null) return true;
    const contradiction = refusedDeployment ?? contradictionOfDeployment(deploymentOrigin(signatory.host), memory.deployment, view, isOurs);
    if (contradiction !== undefined) await refuseDeployment(contradiction);
    return contradiction !== undefined;
  }

  /** Organisations to look at in this turn, the one that has waited longest first. */
  function choose(due: readonly UnsignedLedger[], nowMs: number): string[] {
    const chosen = new Set([...unconfirmed, ...due.map(({ org }) => org)]);
    for (const { org, position } of memory.orgs.values()) {
      if (position !== null && (nowMs - position.signedAtMs >= limits.heartbeatMs || lacksKey(position, signatory.keys.log, signatory.keys.time)))
        chosen.add(org);
    }
    const deployment = rememberedDeployment()?.position ?? null;
    if (deployment !== null && lacksKey(deployment, signatory.keys.deployment, signatory.keys.time)) {
      // The deployment log is signed together with an organisation's; any will do.
      for (const org of memory.orgs.keys()) {
        if (!refusals.has(org)) {
          chosen.add(org);
          break;
        }
      }
    }
    return [...chosen].filter((org) => !refusals.has(org));
  }

  /** Remembers, signs, records: in this order, whatever happens in between. */
  async function sign(ready: readonly Ready[], newest: StoredCheckpoint | null): Promise<void> {
    const nowMs = now();
    const signed = ready.map((each) => ({ org: each.reading.org, position: positionAfter(each, signatory, nowMs) }));
    for (const { org } of signed) unconfirmed.add(org);
    await memory.keepOrgs(signed.map(({ org, position }): RememberedOrg => ({ v: 1, org, position, refusal: null })));
    const checkpoints = signed.map(({ org, position }) => checkpointOf(org, position, signatory));
    const signedAtMs = Math.max(...signed.map(({ position }) => position.signedAtMs));
    const deployment = deploymentAfter({ remembered: rememberedDeployment(), newest, checkpoints, signedAtMs }, signatory.keys);
    await memory.keepDeployment(deployment);
    const deploymentCheckpoint = deploymentCheckpointOf(deployment, signatory);
    try {
      await recordCheckpoints(sql, checkpoints, deploymentCheckpoint);
    } catch (error) {
      await considerRefusal(error);
      throw error;
    }
    strikes.clear();
    for (const { org } of signed) unconfirmed.delete(org);
  }

  /**
   * The database refused what was signed. What it holds is looked at again in the next turn, and says why; where it does not, and refuses
   * again, the organisation stands aside so that the others go on.
   */
  async function considerRefusal(error: unknown): Promise<void> {
    const { code = '', detail = '', message = '' } = error as { code?: string; detail?: string; message?: string };
    if (!code.startsWith('23')) return;
    const [org] = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(detail) ?? [];
    const count = (strikes.get(org ?? '') ?? 0) + 1;
    strikes.set(org ?? '', count);
    if (count < 2) return;
    const contradiction: Contradiction = { reason: 'checkpoints-inconsistent', detail: `the database refuses the next checkpoint: ${message}` };
    if (org === undefined) await refuseDeployment(contradiction);
    else refusals.add(org, contradiction);
  }

  async function tick(): Promise<TickReport> {
    const lock = await holdSignerLock(sql);
    if (lock === 'other') return { waits: true, signed: 0, refusals: refusals.size, lagSeconds: 0, more: false };
    if (await takeUpNextKeys({ sql, memory, signatory, logger })) isOurs = createOwnership(installationOf(memory), signatory.keys);
    if (lock === 'taken') hasLooked = false;
    if (!hasLooked) await lookAtAll();
    hasLooked = true;
    const unsigned = await listUnsigned(sql);
    const deployment = await readDeployment(sql);
    const isDeploymentRefused = await refusesDeployment(deployment);
    const chosen = isDeploymentRefused ? [] : choose(dueLedgers(unsigned, now()), now());
    const turn = chosen.slice(0, limits.orgsPerTick);
    const { ready, refused, more } = await catchUp(turn, { sql, memory, signatory, limits, compare, now, logger });
    for (const [org, contradiction] of refused) {
      refusals.add(org, contradiction);
      unconfirmed.delete(org);
    }
    if (ready.length > 0) await sign(ready, deployment.newest);
    await refusals.settle();
    if (await finishRotations({ sql, memory, signatory, isUnconfirmed: (org) => unconfirmed.has(org), isRefused: refusals.has, logger })) {
      isOurs = createOwnership(installationOf(memory), signatory.keys);
    }
    return {
      waits: false,
      signed: ready.length,
      refusals: refusals.size + (isDeploymentRefused ? 1 : 0),
      lagSeconds: lagSeconds(
        unsigned.filter(({ org }) => !refusals.has(org)),
        now(),
      ),
      more: more || chosen.length > turn.length,
    };
  }

  return { tick };
}

const isUnconfirmed = (remembered: RememberedOrg | undefined, { newest }: LedgerView): boolean =>
  remembered?.position !== undefined && remembered.position !== null && remembered.position.number !== newest?.number;
