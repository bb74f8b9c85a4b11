import { shownPointer } from '../core/detection/shown-key.ts';
import { requesterOf } from './access/principal.ts';
import { auditEntry } from './audit.ts';
import { auditRecord } from './ledger-appender.ts';
import type { LedgerAppender } from './ledger-appender.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { JsonBodyOptions } from './middleware/json-body.ts';

/** Records bodies outside I-JSON: who sent one, where it broke which rule, and its keyed hash. Nothing of its content. */
export function bodyRefusals(ledger: LedgerAppender, vault: SubjectVault): JsonBodyOptions['recordRefusal'] {
  return async ({ principal, requestId, code, pointer, sha256 }) => {
    const { orgId } = principal;
    const details = { code, pointer: shownPointer(beginningOf(pointer)), bodyDigest: vault.keyed(orgId, 'body-digest', sha256) };
    const audit = auditEntry({ type: 'event.refused', actor: requesterOf(principal), requestId, details });
    await ledger.append(auditRecord(orgId, audit));
  };
}

/** Member names are the caller's and may be as long as the body. Cut in UTF-8: a character cut in two becomes U+FFFD, never half a pair. */
function beginningOf(pointer: string): string {
  return Buffer.from(pointer).subarray(0, 512).toString();
}
