import type { LadderState } from '../core/hitl/ladder-state.ts';
import { eventSubject } from '../core/ledger/personal-fields.ts';
import type { SealedObject } from '../core/ledger/sealed-object.ts';
import type { JsonObject } from '../schemas/json.ts';
import type { ReviewStep } from '../schemas/review.ts';
import type { Sealing, SubjectVault } from './subject-vault.ts';

/** How a review's row stands in the database. */
export interface ReviewSeal {
  /** Reference of the subject whose its texts are. */
  subject: string;
  /** `action_digest` of the row: keyed, or the digest itself in a row of 0.1.0. */
  digest: string;
  /** The key is destroyed: texts, arguments and digest are gone for good. */
  erased: boolean;
}

/** `state` as the row keeps it. */
type StoredState = Omit<LadderState, 'args' | 'response' | 'note'> & { sealed?: SealedObject[] };

/** What of a row's state is personal. Texts of steps by their place. */
interface SealedState {
  actionDigest: string;
  steps: (JsonObject | null)[];
  args?: JsonObject;
  response?: string;
  note?: string;
}

const placeOf = (reviewId: string): string => `review/${reviewId}`;

/** The digest of an action as rows and records keep it: nobody tries guesses of the arguments against it. */
export const storedDigest = (vault: SubjectVault, orgId: string, digest: string): string => vault.keyed(orgId, 'action-digest', digest);

/** What people and agents wrote into a step, and what it was about. Reasons of the clock and of changes are ours. */
export function splitStep({ reason, message, digest, ...readable }: ReviewStep): { readable: ReviewStep; personal: JsonObject } {
  const isOurs = readable.actor === 'system';
  return {
    readable: isOurs && reason !== undefined ? { ...readable, reason } : readable,
    personal: {
      ...(isOurs || reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      ...(digest === undefined ? {} : { digest }),
    },
  };
}

export interface StateToSeal {
  reviewId: string;
  subject: string;
  state: LadderState;
  /** Null where it is gone. */
  actionDigest: string | null;
}

/** The text of `state` for the row, and under which version of the key. Null where nothing of it is personal. */
export function sealState(
  vault: SubjectVault,
  orgId: string,
  { reviewId, subject, state, actionDigest }: StateToSeal,
): Pick<Sealing, 'keys'> & { state: string; version: number | null } {
  const { args, response, note, steps, ...rest } = state;
  const parts = steps.map(splitStep);
  const texts = parts.map(({ personal }) => (Object.keys(personal).length === 0 ? null : personal));
  const readable: StoredState = { ...rest, steps: parts.map((part) => part.readable) };
  const fields = {
    ...(actionDigest === null ? {} : { actionDigest }),
    ...(texts.every((text) => text === null) ? {} : { steps: texts }),
    ...(args === undefined ? {} : { args }),
    ...(response === undefined ? {} : { response }),
    ...(note === undefined ? {} : { note }),
  };
  if (Object.keys(fields).length === 0) return { state: JSON.stringify(readable), version: null, keys: [] };
  const { sealed, keys } = vault.seal(orgId, [{ place: placeOf(reviewId), subject, fields }]);
  return { state: JSON.stringify({ ...readable, sealed }), version: sealed[0]?.key ?? null, keys };
}

/** Columns of a review that hold what is sealed, as read. */
export interface StoredReview {
  id: string;
  eventId: string;
  actionDigest: string;
  /** JSON text. */
  state: string;
  /** Reference, hex; null in rows of 0.1.0. */
  subject: string | null;
}

export interface OpenedReview {
  state: LadderState;
  /** Empty where it is gone. */
  actionDigest: string;
  seal: ReviewSeal;
}

/** Opens the states of rows, in order. @throws SealBroken */
export async function openStates(vault: SubjectVault, orgId: string, rows: readonly StoredReview[]): Promise<OpenedReview[]> {
  const stored = rows.map(({ state }) => JSON.parse(state) as StoredState);
  const opened = await vault.open(
    orgId,
    stored.flatMap(({ sealed = [] }, index) => sealed.map((object) => ({ place: placeOf(rows[index]?.id ?? ''), sealed: object }))),
  );
  let at = 0;
  return rows.map(({ eventId, actionDigest: digest, subject }, index) => {
    const { sealed = [], ...readable } = stored[index] as StoredState;
    const [part = null] = opened.slice(at, (at += sealed.length));
    if (subject === null) {
      return { state: readable, actionDigest: digest, seal: { subject: vault.refOf(orgId, eventSubject(eventId)), digest, erased: false } };
    }
    const { actionDigest = '', steps: texts = [], ...rest } = (part ?? {}) as Partial<SealedState>;
    const steps = readable.steps.map((step, place) => ({ ...step, ...texts[place] }));
    return { state: { ...readable, ...rest, steps }, actionDigest, seal: { subject, digest, erased: actionDigest === '' } };
  });
}
