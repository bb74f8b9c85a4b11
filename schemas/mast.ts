import { z } from 'zod';

/** The product's four categories. Berkeley's own taxonomy has other groups; its mode code travels beside as `mode`. */
export const MastCategory = z.enum(['Memory', 'Action', 'Space', 'Time']);
export type MastCategory = z.infer<typeof MastCategory>;

export const DetectorId = z.enum([
  'mem.override',
  'mem.obfuscation',
  'act.scope',
  'act.args',
  'act.destroy',
  'act.exec',
  'spc.tenant',
  'spc.scope',
  'spc.cred',
  'tim.loop',
  'tim.noend',
  'tim.hitlflood',
]);
export type DetectorId = z.infer<typeof DetectorId>;

/** Mode codes of the Multi-Agent System Failure Taxonomy, arXiv 2503.13657v3. */
export const BerkeleyMode = z.string().regex(/^FM-[123]\.[1-6]$/);

export const MastFinding = z
  .strictObject({
    category: MastCategory,
    mode: BerkeleyMode.nullable().meta({ description: 'Mode code of arXiv 2503.13657v3, or null where it has none.' }),
    detector: DetectorId,
    confidence: z.number().min(0).max(1),
  })
  .meta({ id: 'MastFinding' });
export type MastFinding = z.infer<typeof MastFinding>;
