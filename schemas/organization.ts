import { z } from 'zod';

export const Organization = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    plan: z.enum(['free', 'pro', 'enterprise']),
    activePolicy: z.strictObject({ id: z.string(), version: z.int().min(1) }).nullable(),
  })
  .meta({ id: 'Organization' });
export type Organization = z.infer<typeof Organization>;
