import type { Finding } from '../../mast/finding.ts';
import type { DetectionContext } from '../context.ts';
import type { EventText } from '../event-texts.ts';

/** Text that tells the agent to drop its instructions. Needs `content`, `intent`, `metadata` or arguments. */
export function detectMemOverride({ event }: DetectionContext, views: readonly EventText[]): Finding | null {
  if (event.channel === 'system') return null;
  if (event.channel === 'agent_message' && event.trust === 'trusted') return null;
  const matched = views.filter((text) => text.hits.length > 0);
  const [first] = matched;
  if (first === undefined) return null;
  const fromData = event.channel === 'tool_result' || event.channel === 'memory' || event.trust === 'untrusted';
  const written = matched.every((text) => text.part === 'args' || text.part === 'intent');
  return {
    detector: 'mem.override',
    category: 'Memory',
    mode: 'FM-1.1',
    // Data has no business giving orders; an argument the agent wrote may only quote one.
    confidence: fromData ? 0.9 : written ? 0.6 : 0.8,
    outcome: 'alert',
    reason: `Text at ${first.pointer} asks the agent to drop its instructions (${first.hits[0]?.signature}).`,
    evidence: {
      pointer: first.pointer,
      signatures: [...new Set(matched.flatMap((text) => text.hits.map((hit) => hit.signature)))].slice(0, 16),
      channel: event.channel ?? 'unspecified',
    },
  };
}
