import { z } from 'zod';

/** A query parameter arrives as text; only the plain decimal form of an integer is one. */
const decimalToNumber = (value: unknown): unknown => (typeof value === 'string' && /^(?:0|[1-9][0-9]{0,14})$/.test(value) ? Number(value) : value);

export const integerParameter = <Schema extends z.ZodType>(schema: Schema) => z.preprocess(decimalToNumber, schema);

/** Query of every list. A cursor is good for the filters it was made with. */
export const listQuery = {
  limit: integerParameter(z.int().min(1).max(200)).optional().meta({ description: 'Default 50.' }),
  cursor: z.string().min(1).max(1_024).optional().meta({ description: '`nextCursor` of the page before.' }),
};

export const DEFAULT_PAGE_SIZE = 50;

export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    data: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
  });
