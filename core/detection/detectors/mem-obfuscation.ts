import type { Finding } from '../../mast/finding.ts';
import type { DetectionContext } from '../context.ts';
import type { EventText } from '../event-texts.ts';

/** Flags of disguise that normal writing does not produce together with an override signature. */
const DISGUISES: ReadonlySet<string> = new Set([
  'tag-characters',
  'variation-selectors',
  'zero-width',
  'soft-hyphen',
  'bidi-control',
  'styled-letters',
  'stacked-marks',
]);
/** Flags that carry text nobody can see. */
const SMUGGLED: ReadonlySet<string> = new Set(['tag-characters', 'variation-selectors']);

/** Hidden or encoded text. With an override signature in it: block. Smuggled characters alone: alert. */
export function detectMemObfuscation(_context: DetectionContext, views: readonly EventText[]): Finding | null {
  for (const text of views) {
    const [hit] = text.hits;
    if (hit === undefined) continue;
    const seenPlainly = text.hits.some(({ source }) => source === 'plain');
    const disguises = text.flags.filter((flag) => DISGUISES.has(flag));
    if (seenPlainly && disguises.length === 0) continue;
    const how = disguises.length > 0 ? disguises : hit.source === 'decoded' ? text.flags.filter((flag) => flag.startsWith('decoded:')) : [hit.source];
    return finding('block', 0.95, `Disguised text at ${text.pointer} (${how.join(', ')}) asks the agent to drop its instructions.`, {
      pointer: text.pointer,
      disguises: how,
      signatures: [hit.signature],
    });
  }
  for (const text of views) {
    const smuggled = text.flags.filter((flag) => SMUGGLED.has(flag));
    if (smuggled.length > 0)
      return finding('alert', 0.7, `Text at ${text.pointer} carries characters nobody can see (${smuggled.join(', ')}).`, {
        pointer: text.pointer,
        disguises: smuggled,
      });
  }
  return null;
}

const finding = (outcome: 'block' | 'alert', confidence: number, reason: string, evidence: Finding['evidence']): Finding => ({
  detector: 'mem.obfuscation',
  category: 'Memory',
  mode: null,
  confidence,
  outcome,
  reason,
  evidence,
});
