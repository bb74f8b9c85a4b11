import type { Finding } from '../../mast/finding.ts';
import { type Breach, checkArgument } from '../check-argument.ts';
import type { DetectionContext } from '../context.ts';
import { isToolCall } from '../event-kind.ts';
import type { EventText } from '../event-texts.ts';
import { findGrant } from '../grants.ts';
import { shownKey } from '../shown-key.ts';

/** Arguments outside the grant's rules. A number above its cap, or a pattern that cannot be evaluated safely, goes to a person; the rest is blocked. */
export function detectActArgs({ event, profile }: DetectionContext, _views: readonly EventText[]): Finding | null {
  if (event.tool === undefined || !isToolCall(event)) return null;
  const grant = findGrant(profile, event.tool.name);
  if (grant === null) return null;
  const args = event.tool.args ?? {};
  const rules = grant.args ?? {};
  const breaches: Breach[] = Object.entries(rules).flatMap(([argument, rule]) =>
    checkArgument(argument, rule, Object.hasOwn(args, argument) ? args[argument] : undefined),
  );
  if (grant.additionalArgs === false) {
    for (const argument of Object.keys(args))
      if (!Object.hasOwn(rules, argument)) breaches.push({ argument: shownKey(argument), rule: 'unlisted', outcome: 'block' });
  }
  const worst = breaches.find(({ outcome }) => outcome === 'block') ?? breaches[0];
  if (worst === undefined) return null;
  return {
    detector: 'act.args',
    category: 'Action',
    mode: 'FM-1.1',
    confidence: 1,
    outcome: worst.outcome,
    reason: `Argument ${worst.argument} of ${event.tool.name} breaks the grant's rule "${worst.rule}".`,
    evidence: {
      tool: event.tool.name,
      argument: worst.argument,
      rule: worst.rule,
      breaches: breaches.slice(0, 16).map(({ argument, rule }) => `${argument}: ${rule}`),
      ...(worst.limit === undefined ? {} : { limit: worst.limit }),
    },
  };
}
