import { canonicalize } from '../../core/json/canonical.ts';
import type { KeyUse } from '../../core/ledger/log-names.ts';
import type { AuditEntry } from '../../db/queries/audit.ts';
import { recordId } from '../../db/record-id.ts';
import type { Json } from '../../schemas/json.ts';
import type { OrgPosition, Refusal } from './remembered.ts';

/** What an organisation's ledger says of its signer. Ids are derived from what is said, so that it is said once. */
export interface SignerNote {
  org: string;
  audit: AuditEntry;
}

export const keyAnnounced = (org: string, use: KeyUse, vkey: string): SignerNote => noteOf(org, 'signing-key.announced', vkey, { use, vkey });

export const keyRetired = (org: string, use: KeyUse, vkey: string): SignerNote => noteOf(org, 'signing-key.retired', vkey, { use, vkey });

/** Nothing was signed since checkpoint `number`, stored at `silentSince` (epoch milliseconds). */
export const signerResumed = (org: string, { silentSince, number }: { silentSince: number; number: number }): SignerNote =>
  noteOf(org, 'signer.resumed', null, { silentSince, number });

export const signerRefused = (org: string, { reason, detail }: Pick<Refusal, 'reason' | 'detail'>, position: OrgPosition | null): SignerNote =>
  noteOf(org, 'signer.refused', null, { reason, detail, remembered: rememberedOf(position) });

/** What was remembered was made anew from the database, by hand. `forgotten` is what it replaced although it said otherwise. */
export const signerRebuilt = (
  org: string,
  { silentSince, number, size, atMs, forgotten }: { silentSince: number | null; number: number; size: number; atMs: number; forgotten: OrgPosition | null },
): SignerNote => noteOf(org, 'signer.resumed', null, { silentSince, number, rebuilt: { size, at: atMs, forgotten: rememberedOf(forgotten) } });

const rememberedOf = (position: OrgPosition | null): Json => position && { size: position.size, root: position.root, number: position.number };

function noteOf(org: string, type: string, target: string | null, details: { [key: string]: Json }): SignerNote {
  const body = canonicalize({ v: 1, type, actor: 'system', target, requestId: 'signer', details });
  return { org, audit: { id: recordId(org, 'signer', body), body, fields: { type, actor: 'system', target } } };
}
