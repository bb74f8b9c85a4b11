import { z } from 'zod';
import { Timestamp } from './ids.ts';
import { plainText } from './text.ts';

const EntryTime = Timestamp.refine((time) => Date.parse(time) >= 0, 'must not be before 1970');

export const HoldInput = z
  .strictObject({
    reason: plainText(1_024).meta({ description: 'Such as the number of a case; goes on record.' }),
    from: EntryTime.nullable().default(null).meta({ description: 'Entries of this time or later. Default: from the first one on.' }),
    until: EntryTime.nullable().default(null).meta({ description: 'Entries of this time or earlier. Default: with no end, those to come included.' }),
  })
  .refine(({ from, until }) => from === null || until === null || Date.parse(from) <= Date.parse(until), {
    path: ['until'],
    message: 'must not be before `from`',
  })
  .meta({ id: 'HoldInput' });
export type HoldInput = z.infer<typeof HoldInput>;

export const Hold = z
  .strictObject({
    id: z.string(),
    reason: z.string(),
    from: Timestamp.nullable(),
    until: Timestamp.nullable(),
    placedBy: z.string(),
    placedAt: Timestamp,
    releasedBy: z.string().nullable(),
    releasedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Hold', description: 'A legal hold: what was recorded in its range of time, both ends included, is neither purged nor erased.' });
export type Hold = z.infer<typeof Hold>;
