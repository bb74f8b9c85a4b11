import { z } from 'zod';
import { Scope } from './access.ts';
import { Timestamp } from './ids.ts';
import { plainText } from './text.ts';

export const KeyMode = z.enum(['live', 'test']);
export type KeyMode = z.infer<typeof KeyMode>;

export const KeyId = z.string().regex(/^[0-9A-Za-z]{8}$/, 'must be 8 characters of 0-9 A-Z a-z');

export const CreateKeyInput = z
  .strictObject({
    name: plainText(200),
    mode: KeyMode.optional().meta({ description: 'Default: live.' }),
    scopes: z.array(Scope).min(1).max(32).meta({ description: "Part of the creator's own scopes." }),
    memberId: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .meta({ description: 'Binds the key to one member: it then holds no more than the role does, and may decide reviews.' }),
    expiresAt: Timestamp.optional(),
  })
  .meta({ id: 'CreateKeyInput' });
export type CreateKeyInput = z.infer<typeof CreateKeyInput>;

const shape = {
  id: KeyId,
  name: z.string(),
  mode: KeyMode,
  scopes: z.array(Scope),
  memberId: z.string().nullable(),
  createdBy: z.string(),
  createdAt: Timestamp,
  expiresAt: Timestamp.nullable(),
  lastUsedAt: Timestamp.nullable().meta({ description: 'Late by some seconds: uses are written in batches.' }),
  revokedAt: Timestamp.nullable(),
};

export const ApiKey = z.strictObject(shape).meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

export const CreatedKey = z
  .strictObject({ ...shape, key: z.string().meta({ description: 'The secret. Shown this once and stored nowhere.', example: 'mg_live_…' }) })
  .meta({ id: 'CreatedKey' });
export type CreatedKey = z.infer<typeof CreatedKey>;
