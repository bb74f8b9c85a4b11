import { DetectorId, MastCategory } from '../../schemas/mast.ts';
import type { Finding } from '../mast/finding.ts';

/** One bit a category and one a detector: whether a rule's findings are there is then a single `&`. */
const BITS = new Map<string, number>([...MastCategory.options, ...DetectorId.options].map((name, index) => [name, 1 << index]));

/** Bits of all categories and detectors among the findings. */
export function maskOfFindings(findings: readonly Finding[]): number {
  let mask = 0;
  for (const { category, detector } of findings) mask |= (BITS.get(category) ?? 0) | (BITS.get(detector) ?? 0);
  return mask;
}

/** Bits of the names a rule asks for; 0 where it asks for none. */
export function maskOfNames(names: readonly (MastCategory | DetectorId)[] | undefined): number {
  let mask = 0;
  for (const name of names ?? []) mask |= BITS.get(name) ?? 0;
  return mask;
}
