import type { DetectorId, MastCategory } from '../../schemas/mast.ts';
import type { Finding } from '../mast/finding.ts';

/** One bit a category and one a detector: whether a rule's findings are there is then a single `&`. The compiler sees to it that none is missing. */
const BITS: Readonly<Record<MastCategory | DetectorId, number>> = {
  Memory: 1 << 0,
  Action: 1 << 1,
  Space: 1 << 2,
  Time: 1 << 3,
  'mem.override': 1 << 4,
  'mem.obfuscation': 1 << 5,
  'act.scope': 1 << 6,
  'act.args': 1 << 7,
  'act.destroy': 1 << 8,
  'act.exec': 1 << 9,
  'spc.tenant': 1 << 10,
  'spc.scope': 1 << 11,
  'spc.cred': 1 << 12,
  'tim.loop': 1 << 13,
  'tim.noend': 1 << 14,
  'tim.hitlflood': 1 << 15,
};

/** Bits of all categories and detectors among the findings. */
export function maskOfFindings(findings: readonly Finding[]): number {
  let mask = 0;
  for (const { category, detector } of findings) mask |= BITS[category] | BITS[detector];
  return mask;
}

/** Bits of the names a rule asks for; 0 where it asks for none. */
export function maskOfNames(names: readonly (MastCategory | DetectorId)[] | undefined): number {
  let mask = 0;
  for (const name of names ?? []) mask |= BITS[name];
  return mask;
}
