import { z } from 'zod';

/** Any I-JSON value; the API has already refused what I-JSON does not allow (RFC 7493). */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export const JsonValue: z.ZodType<Json> = z.json().meta({ id: 'Json', description: 'Any JSON value (I-JSON, RFC 7493).' });

/** An open object whose keys the caller chooses, such as tool arguments or metadata. */
export const JsonObject = z.record(z.string().max(256), JsonValue);
export type JsonObject = z.infer<typeof JsonObject>;
