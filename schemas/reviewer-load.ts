import { z } from 'zod';
import { Role } from './access.ts';

const Milliseconds = z.int().min(0).nullable();

/** How much one person is asked, and how they have decided in the last 30 days. */
export const ReviewerLoad = z
  .strictObject({
    memberId: z.string(),
    name: z.string(),
    role: Role,
    open: z.int().min(0).meta({ description: 'Open reviews they could decide now and have not voted on.' }),
    decided: z.int().min(0),
    medianMs: Milliseconds.meta({ description: 'From asking to deciding; null where nothing was decided.' }),
    p90Ms: Milliseconds,
    approvals: z.int().min(0),
    quickApprovals: z.int().min(0).meta({ description: 'Within five seconds of asking.' }),
    quickShare: z.number().min(0).max(1).nullable().meta({ description: 'Of the approvals; null without any.' }),
    flagged: z.boolean().meta({ description: 'More than half of at least ten approvals were quick: hardly read.' }),
  })
  .meta({ id: 'ReviewerLoad' });
export type ReviewerLoad = z.infer<typeof ReviewerLoad>;

export const ReviewerLoads = z
  .strictObject({
    data: z.array(ReviewerLoad),
    since: z.iso.datetime({ offset: true }).meta({ description: 'Decisions from then on are counted.' }),
    openReviews: z.strictObject({
      lookedAt: z.int().min(0),
      complete: z.boolean().meta({ description: 'False: there are more than 1,000 open reviews, and `open` counts the newest 1,000 only.' }),
    }),
  })
  .meta({ id: 'ReviewerLoads' });
export type ReviewerLoads = z.infer<typeof ReviewerLoads>;
