import type { DeploymentView, LedgerView, StoredCheckpoint } from '../../db/queries/signing.ts';
import type { Contradiction } from './reading.ts';
import type { Position, RememberedDeployment, RememberedOrg } from './remembered.ts';

/** Whether this installation signed a stored checkpoint, and it says what the columns beside it say. */
export type IsOurs = (origin: string, checkpoint: StoredCheckpoint) => boolean;

/** How the database contradicts what is remembered of an organisation; undefined where it does not. Entries are not looked at. */
export function contradictionOf(
  org: { origin: string; remembered: RememberedOrg | undefined; damaged: string | undefined; view: LedgerView | undefined },
  isOurs: IsOurs,
): Contradiction | undefined {
  const { origin, remembered, damaged, view } = org;
  if (damaged !== undefined) return { reason: 'state-lost', detail: `what was remembered cannot be read: ${damaged}` };
  const position = remembered?.position ?? null;
  if (view === undefined) return position === null ? undefined : { reason: 'size-went-backwards', detail: `the ledger of ${position.size} entries is gone` };
  const { nextSeq, head, checkpointSize, newest } = view;
  if (position !== null && nextSeq < position.size) {
    return { reason: 'size-went-backwards', detail: `${position.size} entries were signed, and there are ${nextSeq}` };
  }
  const contradiction = contradictionOfNewest(origin, position, newest, isOurs);
  if (contradiction !== undefined) return contradiction;
  if (checkpointSize !== (newest?.size ?? 0)) {
    return { reason: 'checkpoints-inconsistent', detail: `receipts speak of ${checkpointSize} signed entries, the newest checkpoint of ${newest?.size ?? 0}` };
  }
  if (position !== null && nextSeq === position.size && head !== position.head) {
    return { reason: 'history-inconsistent', detail: `the head is not the hash of entry ${nextSeq - 1}` };
  }
  return undefined;
}

/** The same of the deployment log. */
export function contradictionOfDeployment(
  origin: string,
  remembered: RememberedDeployment | string | undefined,
  { newest, leaves }: DeploymentView,
  isOurs: IsOurs,
): Contradiction | undefined {
  if (typeof remembered === 'string') return { reason: 'state-lost', detail: `what was remembered cannot be read: ${remembered}` };
  const contradiction = contradictionOfNewest(origin, remembered?.position ?? null, newest, isOurs);
  if (contradiction !== undefined) return contradiction;
  if (leaves === (newest?.size ?? 0)) return undefined;
  return { reason: 'checkpoints-inconsistent', detail: `there are ${leaves} leaves, and the newest checkpoint is of ${newest?.size ?? 0}` };
}

/**
 * The newest stored checkpoint is the one remembered, or the one before: the process may have ended between remembering and recording.
 * One of fewer entries under the remembered number was signed, and recorded while its answer was lost.
 */
function contradictionOfNewest(origin: string, position: Position | null, newest: StoredCheckpoint | null, isOurs: IsOurs): Contradiction | undefined {
  const number = newest?.number ?? 0;
  if (position === null) return newest === null ? undefined : { reason: 'state-lost', detail: `checkpoint ${number} is stored, and nothing is remembered` };
  if (number > position.number || (newest?.size ?? 0) > position.size) {
    return {
      reason: 'state-outdated',
      detail: `checkpoint ${number} of ${newest?.size ?? 0} entries is stored, number ${position.number} of ${position.size} is remembered`,
    };
  }
  if (number < position.number - 1) {
    return { reason: 'checkpoints-inconsistent', detail: `checkpoint ${position.number - 1} was signed, and the newest stored one is ${number}` };
  }
  if (newest === null) return undefined;
  if (newest.size === position.size && newest.root !== position.root) {
    return { reason: 'checkpoints-inconsistent', detail: `checkpoint ${number} has another root than was signed` };
  }
  return isOurs(origin, newest) ? undefined : { reason: 'checkpoints-inconsistent', detail: `checkpoint ${number} was not signed here` };
}
