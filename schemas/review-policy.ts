import { z } from 'zod';
import { BusinessCalendar } from './business-calendar.ts';

const DAY_MS = 86_400_000;
const DeciderRole = z.enum(['Owner', 'Admin', 'Reviewer']);
const Span = z
  .int()
  .min(100)
  .max(30 * DAY_MS);

/** Who may decide a level. Any member who matches one of the three may. */
export const Reviewers = z
  .strictObject({
    users: z.array(z.string().min(1).max(320)).max(100).optional().meta({ description: 'Member ids.' }),
    roles: z.array(DeciderRole).max(3).optional(),
    groups: z.array(z.string().min(1).max(128)).max(100).optional(),
  })
  .refine((reviewers) => (reviewers.users?.length ?? 0) + (reviewers.roles?.length ?? 0) + (reviewers.groups?.length ?? 0) > 0, 'names nobody');
export type Reviewers = z.infer<typeof Reviewers>;

export const ReviewLevel = z.strictObject({
  reviewers: Reviewers,
  quorum: z
    .union([z.int().min(1).max(100), z.literal('all')])
    .optional()
    .meta({ description: 'Approvals this level needs; `all`: everybody who may decide it and does not abstain. Default 1. One rejection rejects.' }),
  separation: z.array(DeciderRole).min(1).max(3).optional().meta({ description: 'Of each of these roles at least one approval, by different people.' }),
  withinMs: Span.meta({ description: 'Time this level has before the next one is asked; of open hours where `businessHours` is given.' }),
  remindEveryMs: Span.optional().meta({ description: 'First reminder after this long; each further one waits twice as long as the one before.' }),
  businessHours: BusinessCalendar.optional(),
});
export type ReviewLevel = z.infer<typeof ReviewLevel>;

export const BreakGlass = z.strictObject({
  reviewers: Reviewers.meta({ description: 'Who may approve alone, at once, at any level, with a reason.' }),
  reviewWithinMs: Span.meta({ description: 'The last level judges it afterwards within this time; nobody judging it is a violation.' }),
});

export const ReviewPolicy = z
  .strictObject({
    levels: z.array(ReviewLevel).min(1).max(10),
    outcome: z.enum(['block', 'allow']).optional().meta({ description: 'What stands when every level ran out of time. Default: block.' }),
    allowEdit: z.boolean().optional().meta({ description: 'Reviewers may approve with other arguments. Default: no.' }),
    reasonRequired: z.boolean().optional().meta({ description: 'Every decision carries a reason. Default: no.' }),
    twoPerson: z.boolean().optional().meta({ description: 'No level is approved by one person alone. Default: no.' }),
    approvalTtlMs: Span.optional().meta({ description: 'An approval that is not consumed within this time has expired. Default: one hour.' }),
    breakGlass: BreakGlass.optional(),
  })
  .meta({ id: 'ReviewPolicy' });
export type ReviewPolicy = z.infer<typeof ReviewPolicy>;
