import { z } from 'zod';
import { PublicId, Timestamp } from './ids.ts';
import { DetectorId, MastCategory } from './mast.ts';
import { ReviewPolicy } from './review-policy.ts';

export const PolicyEffect = z.enum(['allow', 'block', 'hitl', 'alert']);
export type PolicyEffect = z.infer<typeof PolicyEffect>;

/** Exact name, or a prefix ending in `*`. */
const Pattern = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^*]*\*?$/, 'a `*` may stand only at the end');

export const PolicyRule = z
  .strictObject({
    id: PublicId,
    priority: z.int().min(0).max(1_000_000).meta({ description: 'The highest priority with a matching rule decides.' }),
    when: z.strictObject({
      agents: z.array(Pattern).min(1).max(500).optional(),
      actions: z.array(Pattern).min(1).max(500).optional(),
      categories: z.array(MastCategory).min(1).optional(),
      detectors: z.array(DetectorId).min(1).optional(),
      condition: z.string().min(1).max(4096).optional().meta({ description: 'CEL expression of type bool.' }),
    }),
    effect: PolicyEffect,
    review: ReviewPolicy.optional().meta({ description: 'Only with effect `hitl`.' }),
    attestWithinMs: z
      .int()
      .min(100)
      .max(30 * 86_400_000)
      .optional()
      .meta({ description: 'The agent reports how the action went within this time, or an alert and a violation are raised. Not with effect `block`.' }),
    expiresAt: Timestamp.optional().meta({ description: 'From then on the rule matches nothing.' }),
    reason: z.string().min(1).max(1024),
  })
  .meta({ id: 'PolicyRule' });
export type PolicyRule = z.infer<typeof PolicyRule>;

export const PolicySet = z
  .strictObject({
    rules: z.array(PolicyRule).max(10_000),
    defaultEffect: PolicyEffect.optional().meta({ description: 'When neither a rule nor a detector decides. Default: allow.' }),
    onError: z.enum(['hitl', 'block']).optional().meta({ description: 'When a condition fails to evaluate. Default: block.' }),
    defaultReview: ReviewPolicy.optional().meta({ description: 'Ladder for reviews no rule describes.' }),
  })
  .meta({ id: 'PolicySet' });
export type PolicySet = z.infer<typeof PolicySet>;

export const Policy = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    latestVersion: z.int().min(1),
    activeVersion: z.int().min(1).nullable().meta({ description: 'Set while this policy is the active one of the organisation.' }),
    createdAt: Timestamp,
  })
  .meta({ id: 'Policy' });
export type Policy = z.infer<typeof Policy>;

export const PolicyVersion = z
  .strictObject({
    policyId: z.string(),
    version: z.int().min(1),
    document: PolicySet,
    digest: z.string(),
    createdAt: Timestamp,
    createdBy: z.string(),
  })
  .meta({ id: 'PolicyVersion' });
export type PolicyVersion = z.infer<typeof PolicyVersion>;
