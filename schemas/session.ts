import { z } from 'zod';
import { Role, Scope } from './access.ts';
import { KeyId, KeyMode } from './key.ts';
import { Timestamp } from './ids.ts';

export const SignInInput = z.strictObject({ email: z.string().min(3).max(320), password: z.string().min(1).max(1_024) }).meta({ id: 'SignInInput' });
export type SignInInput = z.infer<typeof SignInInput>;

/** Who the caller is and what it may do. */
export const WhoAmI = z
  .strictObject({
    orgId: z.uuid(),
    kind: z.enum(['session', 'key']),
    member: z.strictObject({ id: z.string(), email: z.string(), name: z.string(), role: Role, groups: z.array(z.string()) }).nullable(),
    key: z.strictObject({ id: KeyId, mode: KeyMode }).nullable(),
    scopes: z.array(Scope),
    expiresAt: Timestamp.nullable(),
  })
  .meta({ id: 'WhoAmI' });
export type WhoAmI = z.infer<typeof WhoAmI>;
