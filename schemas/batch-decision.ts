import { z } from 'zod';
import { ReviewDecisionInput, ReviewStatus } from './review.ts';

const { reason, message, digest } = ReviewDecisionInput.shape;

/** A vote among many. What changes arguments or breaks the glass is looked at on its own. */
export const BatchDecision = z
  .strictObject({
    reviewId: z.string().min(1).max(128),
    verb: z.enum(['approve', 'reject', 'escalate', 'abstain', 'respond']),
    reason,
    message,
    digest,
  })
  .meta({ id: 'BatchDecision' });
export type BatchDecision = z.infer<typeof BatchDecision>;

export const BatchDecisionsInput = z.strictObject({ decisions: z.array(BatchDecision).min(1).max(100) }).meta({ id: 'BatchDecisionsInput' });

export const BatchDecisionAnswer = z
  .strictObject({
    reviewId: z.string(),
    status: z.enum(['recorded', 'closed', 'refused']).meta({ description: 'closed: somebody else, or the clock, was first.' }),
    code: z.string().optional().meta({ description: 'Why it was refused: as `refusal` of a single decision, `not-found`, or `asked-twice`.' }),
    detail: z.string().optional(),
    reviewStatus: ReviewStatus.nullable().meta({ description: 'Of the review that is asked, after the batch; null where there is no such review.' }),
  })
  .meta({ id: 'BatchDecisionAnswer' });
export type BatchDecisionAnswer = z.infer<typeof BatchDecisionAnswer>;

export const BatchDecisionAnswers = z
  .strictObject({ data: z.array(BatchDecisionAnswer).meta({ description: 'In the order of the decisions.' }) })
  .meta({ id: 'BatchDecisionAnswers' });
