import { z } from 'zod';

/** Text for people, kept in its own column: no NUL, which PostgreSQL cannot store, and no other C0 control but tab and line breaks. */
export const plainText = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    // eslint-disable-next-line no-control-regex -- control characters are what it looks for
    .regex(/^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]*$/, 'must not hold control characters');
