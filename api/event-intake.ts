import type { EventInput, GovernanceEvent } from '../schemas/event.ts';
import { newId } from './ids.ts';
import { HttpProblem } from './problem.ts';

export interface AcceptedEvent {
  event: GovernanceEvent;
  /** Keyed hash (hex) of the RFC 8785 text of `event`: a retry is the same event when this is the same. */
  digest: string;
}

type DigestOf = (event: GovernanceEvent) => string;

/** Settles the id: the body's, the header's, or a new one. */
export function acceptEvent(input: EventInput, idempotencyKey: string | undefined, digestOf: DigestOf): AcceptedEvent {
  if (input.id !== undefined && idempotencyKey !== undefined && input.id !== idempotencyKey) {
    throw new HttpProblem('validation-failed', {
      errors: [
        { pointer: '/id', detail: 'differs from the Idempotency-Key header' },
        { pointer: '/idempotency-key', detail: 'differs from the id in the body', in: 'header' },
      ],
    });
  }
  return withDigest({ ...input, id: input.id ?? idempotencyKey ?? newId('evt') }, digestOf);
}

/** Ids settled and distinct; every repeated one is named. */
export function acceptBatch(inputs: readonly EventInput[], digestOf: DigestOf): AcceptedEvent[] {
  const seen = new Set<string>();
  const errors = inputs.flatMap(({ id }, index) => {
    if (id === undefined || !seen.has(id)) {
      if (id !== undefined) seen.add(id);
      return [];
    }
    return [{ pointer: `/events/${index}/id`, detail: 'an earlier event of this batch has the same id' }];
  });
  if (errors.length > 0) throw new HttpProblem('validation-failed', { errors });
  return inputs.map((input) => withDigest({ ...input, id: input.id ?? newId('evt') }, digestOf));
}

const withDigest = (event: GovernanceEvent, digestOf: DigestOf): AcceptedEvent => ({ event, digest: digestOf(event) });
