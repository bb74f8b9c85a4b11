import { createHash } from 'node:crypto';
import { canonicalize } from '../core/json/canonical.ts';
import type { GovernanceEvent } from '../schemas/event.ts';
import type { Json } from '../schemas/json.ts';
import type { SubjectVault } from './subject-vault.ts';

/** What tells an event from another under the same id: HMAC-SHA-256 of its RFC 8785 text under a key of the organisation, lower-case hex. */
export const eventDigest = (vault: SubjectVault, orgId: string, event: GovernanceEvent): string =>
  vault.keyed(orgId, 'event-digest', canonicalize(event as unknown as Json));

/** As 0.1.0 made it: a plain hash, which the records of that time still carry. */
export const plainEventDigest = (event: GovernanceEvent): string =>
  createHash('sha256')
    .update(canonicalize(event as unknown as Json))
    .digest('hex');

/** Whether a recorded digest is that of this event, in either form. */
export const isSameEvent = (recorded: string, { event, digest }: { event: GovernanceEvent; digest: string }): boolean =>
  recorded === digest || recorded === plainEventDigest(event);
