import { z } from 'zod';
import { Timestamp } from './ids.ts';
import { Organization } from './organization.ts';
import { route } from './route.ts';

const Count = z.int().min(0);

export const Usage = z
  .strictObject({
    plan: Organization.shape.plan,
    period: z
      .strictObject({ start: Timestamp, end: Timestamp.meta({ description: 'The first moment of the next period.' }) })
      .meta({ description: 'The calendar month, in UTC.' }),
    events: z.strictObject({
      used: Count.meta({ description: 'Events recorded in the period, those of batches among them. Dry runs and retries do not count.' }),
      included: Count.nullable().meta({ description: 'What the plan includes; null: without bound.' }),
      limit: Count.nullable().meta({ description: 'From here on events are refused with `quota-exceeded` until the period ends; null: none is.' }),
    }),
  })
  .meta({ id: 'Usage' });
export type Usage = z.infer<typeof Usage>;

/** Lines of the route table about billing. */
export const BILLING_ROUTES = {
  getUsage: route({
    method: 'get',
    path: '/api/v1/billing/usage',
    scope: 'any',
    tag: 'Billing',
    summary: 'What has been used of the plan in the present month',
    responses: { 200: Usage },
  }),
} as const;
