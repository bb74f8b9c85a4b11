import type { ArgumentRule } from '../../schemas/agent.ts';
import type { Json } from '../../schemas/json.ts';
import { canonicalJson } from './call-hash.ts';
import { matchesPattern } from './safe-pattern.ts';

export interface Breach {
  argument: string;
  rule: string;
  outcome: 'hitl' | 'block';
  limit?: number;
}

/** What of its rule an argument breaks, the first fault only; empty where it keeps within. `undefined`: the call does not name it. */
export function checkArgument(argument: string, rule: ArgumentRule, value: Json | undefined): Breach[] {
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
