import type { AnchorDriver, AnchorReceiptStatus } from '../../schemas/anchor.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';

/** A checkpoint that an anchor has not been shown yet. */
export interface WaitingCheckpoint {
  /** Null: of the deployment log. */
  orgId: string | null;
  /** First line of the note. */
  origin: string;
  number: number;
  size: number;
  /** The signed note. */
  note: string;
  /** Size of the newest checkpoint of this log that the anchor took; 0 where it took none. */
  anchoredSize: number;
}

export interface WaitingQuery {
  anchor: string;
  /** Those of all logs, every one; otherwise only the newest of the deployment log. */
  every: boolean;
  /** Most of one log at a time, so that none keeps the others waiting. */
  perLog: number;
  limit: number;
}

/** By log and number. Of all organisations: nothing of it is answered to a tenant. */
export async function listCheckpointsToAnchor(sql: Sql, { anchor, every, perLog, limit }: WaitingQuery): Promise<WaitingCheckpoint[]> {
  const rows = await sql<WaitingCheckpoint[]>`
    select org_id as "orgId", origin, number, size, note, anchored_size as "anchoredSize"
    from checkpoints_to_anchor(${anchor}, ${every}, ${perLog}, ${limit})`;
  return [...rows];
}

/** What an anchor answered to one checkpoint: a receipt, or why it never takes it. */
export type AnchorOutcome = { orgId: string | null; number: number } & ({ receipt: string } | { problem: string });

/** Recording the same twice changes nothing; answers how many are new. */
export async function recordAnchorOutcomes(
  sql: Sql,
  { anchor, driver, outcomes }: { anchor: string; driver: AnchorDriver; outcomes: readonly AnchorOutcome[] },
): Promise<number> {
  const items = outcomes.map(({ orgId, ...outcome }) => ({ org: orgId, ...outcome }));
  const [row] = await sql<{ count: number }[]>`select record_anchor_receipts(${anchor}, ${driver}, ${JSON.stringify(items)}::text::jsonb) as count`;
  return row?.count ?? 0;
}

export interface AnchorState {
  /** For how long the oldest checkpoint has waited that it should have been shown; 0 where none waits. */
  lagSeconds: number;
  /** Checkpoints that it refused for good. */
  refused: number;
}

export async function readAnchorState(sql: Sql, { anchor, every }: { anchor: string; every: boolean }): Promise<AnchorState> {
  const [row] = await sql<AnchorState[]>`select lag_seconds as "lagSeconds", refused from anchor_state(${anchor}, ${every})`;
  return row ?? { lagSeconds: 0, refused: 0 };
}

export interface AnchorReceiptRow {
  anchor: string;
  driver: AnchorDriver;
  isDeployment: boolean;
  origin: string;
  number: number;
  size: number;
  status: AnchorReceiptStatus;
  receipt: string | null;
  problem: string | null;
  anchoredAt: Date;
  /** The checkpoint itself. */
  note: string;
}

/** One receipt's place in the list. */
export interface ReceiptPosition {
  anchoredAtMs: number;
  anchor: string;
  isDeployment: boolean;
  number: number;
}

export interface ReceiptsQuery {
  orgId: string;
  anchor?: string | undefined;
  /** Whose checkpoints: those of the organisation, those of the deployment log, or both. */
  of?: 'organization' | 'deployment' | undefined;
  before?: ReceiptPosition | undefined;
  limit: number;
}

/** Receipts for checkpoints of the organisation and of the deployment log, newest first. */
export function listAnchorReceipts(sql: Sql, { orgId, anchor, of, before, limit }: ReceiptsQuery): Promise<AnchorReceiptRow[]> {
  return asTenant(sql, orgId, async (tx) => {
    const bounds = tx`
      ${anchor === undefined ? tx`` : tx`and r.anchor = ${anchor}`}
      ${
        before === undefined
          ? tx``
          : tx`and (r.anchored_at, r.anchor, r.number, r.org_id is null) < (${new Date(before.anchoredAtMs)}, ${before.anchor}, ${before.number}, ${before.isDeployment})`
      }
      order by r.anchored_at desc, r.anchor desc, r.number desc limit ${limit}`;
    // Each log by its index; together only what is left of them.
    const rows = await tx<AnchorReceiptRow[]>`
      select anchor, driver, is_deployment as "isDeployment", origin, number, size, status, receipt, problem, anchored_at as "anchoredAt", note
      from (
        (select r.*, false as is_deployment, k.note from anchor_receipt r
         join ledger_checkpoint k on k.org_id = r.org_id and k.number = r.number
         where r.org_id = ${orgId} and k.org_id = ${orgId} ${of === 'deployment' ? tx`and false` : tx``} ${bounds})
        union all
        (select r.*, true as is_deployment, d.note from anchor_receipt r join deployment_checkpoint d on d.number = r.number
         where r.org_id is null ${of === 'organization' ? tx`and false` : tx``} ${bounds})
      ) t
      order by anchored_at desc, anchor desc, number desc, is_deployment desc limit ${limit}`;
    return [...rows];
  });
}
