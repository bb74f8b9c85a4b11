import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { type AnchorActivities, type AnchorReports, createAnchorActivities } from '../activities/anchor-checkpoints.ts';
import type { Anchor } from '../activities/anchors/anchor.ts';
import { createDirectoryAnchor } from '../activities/anchors/directory-anchor.ts';
import { createTsaAnchor } from '../activities/anchors/tsa-anchor.ts';
import { createWebhookAnchor } from '../activities/anchors/webhook-anchor.ts';
import { createWitnessAnchor } from '../activities/anchors/witness-anchor.ts';
import { createGuardedFetch, type GuardedFetch } from '../activities/outbound/guarded-fetch.ts';
import type { Hash } from '../core/ledger/merkle.ts';
import { consistencyProof, tilesOfConsistency } from '../core/ledger/proofs.ts';
import type { Sql } from '../db/client.ts';
import { deploymentTileHashes, tileKey } from '../db/queries/checkpoints.ts';
import type { AnchorConfig } from './anchor-config.ts';
import { beat } from './beat.ts';
import type { ServerConfig } from './config.ts';
import { sha256, verifyEd25519 } from '../db/ledger-primitives.ts';

export interface Anchors {
  activities: AnchorActivities;
  /** Ends what is under way; the next run shows it again. */
  close: () => void;
}

/** The configured anchors, put together. Requests reach public hosts and what the operator allows besides, as all others do. */
export function createAnchors(sql: Sql, { anchors = [], outbound }: ServerConfig, { metrics, logger }: { metrics: Registry; logger: Logger }): Anchors {
  const guarded = createGuardedFetch({ allowPrivate: outbound?.allow ?? [] });
  const made = anchors.map((anchor) => createAnchor(anchor, sql, guarded.fetch));
  return { activities: createAnchorActivities({ sql, anchors: made, report: reportsTo(metrics, logger), beat }), close: () => guarded.close() };
}

function createAnchor(anchor: AnchorConfig, sql: Sql, fetch: GuardedFetch['fetch']): Anchor {
  switch (anchor.driver) {
    case 'directory':
      return createDirectoryAnchor(anchor);
    case 'tsa':
      return createTsaAnchor({ ...anchor, fetch, now: Date.now });
    case 'witness':
      return createWitnessAnchor({ ...anchor, fetch, verify: verifyEd25519, proofBetween: (from, to) => proofBetween(sql, from, to) });
    case 'webhook':
      return createWebhookAnchor({ ...anchor, fetch, now: Date.now });
  }
}

/** That the deployment log of `to` leaves goes on from the one of `from`. */
export async function proofBetween(sql: Sql, from: number, to: number): Promise<Hash[]> {
  const hashes = await deploymentTileHashes(sql, { size: to, tiles: tilesOfConsistency(from, to) });
  return consistencyProof({ from, to, hashesOf: (tile) => hashes.get(tileKey(tile)) ?? [], sha256 });
}

function reportsTo(registry: Registry, logger: Logger): AnchorReports {
  const labelNames = ['anchor', 'driver'] as const;
  const lag = new Gauge({
    name: 'mastguard_anchor_lag_seconds',
    help: 'Age of the oldest checkpoint that this anchor should have been shown and was not; 0 when there is none. Alert above 900.',
    labelNames,
    registers: [registry],
  });
  const refusals = new Gauge({
    name: 'mastguard_anchor_refused_checkpoints',
    help: 'Checkpoints that this anchor will never take, because it holds another history. Alert above 0.',
    labelNames,
    registers: [registry],
  });
  return {
    state({ name: anchor, driver }, { lagSeconds, refused }) {
      lag.set({ anchor, driver }, lagSeconds);
      refusals.set({ anchor, driver }, refused);
    },
    unavailable: ({ name: anchor, driver }, problem) => logger.warn({ anchor, driver, problem }, 'an anchor took nothing; it is tried again'),
    refused: ({ name: anchor, driver }, refusal) => logger.error({ anchor, driver, ...refusal }, 'an anchor refused a checkpoint'),
  };
}
