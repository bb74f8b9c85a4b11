import { z } from 'zod';

/** In the order of ISO 8601. */
export const Weekday = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);
export type Weekday = z.infer<typeof Weekday>;

/** Wall-clock times of one day; a shift past midnight is two spans on two days. */
export const OpeningSpan = z.strictObject({
  from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM'),
  to: z
    .string()
    .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be HH:MM, or 24:00')
    .meta({ description: 'Exclusive; `24:00` is the end of the day.' }),
});
export type OpeningSpan = z.infer<typeof OpeningSpan>;

/** When people are there to decide. What only the values together can get wrong is found by `lintCalendar`. */
export const BusinessCalendar = z
  .strictObject({
    zone: z
      .string()
      .min(1)
      .max(64)
      // A bare offset such as `+01:00` is known to newer runtimes alone, and has no summer time.
      .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/, 'must be the name of a time zone')
      .meta({ description: 'Time zone by its IANA name.', example: 'Europe/Berlin' }),
    days: z.partialRecord(Weekday, z.array(OpeningSpan).min(1).max(4)).meta({ description: 'Days left out are closed.' }),
    holidays: z
      .array(z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'must be YYYY-MM-DD'))
      .max(400)
      .optional()
      .meta({ description: 'Dates in the zone that are closed whatever their weekday.' }),
  })
  .meta({ id: 'BusinessCalendar' });
export type BusinessCalendar = z.infer<typeof BusinessCalendar>;
