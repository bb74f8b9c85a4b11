import type { ArgumentRule } from '../../../schemas/agent.ts';
import type { Json } from '../../../schemas/json.ts';
import type { Finding } from '../../mast/finding.ts';
import { canonicalJson } from '../call-hash.ts';
import type { DetectionContext } from '../context.ts';
import { isToolCall } from '../event-kind.ts';
import type { EventText } from '../event-texts.ts';
import { findGrant } from '../grants.ts';
import { matchesPattern } from '../safe-pattern.ts';

interface Breach {
  argument: string;
  rule: string;
  outcome: 'hitl' | 'block';
  limit?: number;
}

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
    for (const argument of Object.keys(args)) if (!Object.hasOwn(rules, argument)) breaches.push({ argument, rule: 'unlisted', outcome: 'block' });
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

function checkArgument(argument: string, rule: ArgumentRule, value: Json | undefined): Breach[] {
  const block = (broken: string, limit?: number): Breach[] => [{ argument, rule: broken, outcome: 'block', ...(limit === undefined ? {} : { limit }) }];
  if (value === undefined) return rule.required === true ? block('required') : [];
  if (rule.type !== undefined && !hasType(value, rule.type)) return block('type');
  if (rule.enum !== undefined && !rule.enum.some((allowed) => canonicalJson(allowed) === canonicalJson(value))) return block('enum');
  // A bound on something that is no number must not be passed by sending text.
  if ((rule.min !== undefined || rule.max !== undefined) && typeof value !== 'number') return block('type');
  if (rule.min !== undefined && Number(value) < rule.min) return block('min', rule.min);
  if (rule.maxLength !== undefined && sizeOf(value) > rule.maxLength) return block('maxLength', rule.maxLength);
  if (rule.pattern !== undefined) {
    const matches = typeof value === 'string' ? matchesPattern(rule.pattern, value) : false;
    if (matches === null) return [{ argument, rule: 'unsafe pattern', outcome: 'hitl' }];
    if (!matches) return block('pattern');
  }
  if (rule.max !== undefined && Number(value) > rule.max) return [{ argument, rule: 'max', outcome: 'hitl', limit: rule.max }];
  return [];
}

function hasType(value: Json, type: NonNullable<ArgumentRule['type']>): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

/** Characters of a string, elements of an array, members of an object. */
const sizeOf = (value: Json): number =>
  typeof value === 'string' || Array.isArray(value)
    ? value.length
    : typeof value === 'object' && value !== null
      ? Object.keys(value).length
      : String(value).length;
