import type { ASTNode } from '@marcbachmann/cel-js';
import { patternProblem } from './pattern-cost.ts';

const EVENT_FIELDS = [
  'id',
  'agentId',
  'action',
  'sessionId',
  'occurredAt',
  'channel',
  'trust',
  'tool',
  'resource',
  'principal',
  'intent',
  'content',
  'metadata',
  'labels',
];

/** Objects of fixed shape: a key outside the list can only be a slip of the pen. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  event: EVENT_FIELDS,
  'event.tool': ['name', 'args', 'labels'],
  'event.tool.labels': ['source', 'reads', 'effect'],
  'event.resource': ['type', 'id', 'ownerOrg', 'ownerUser', 'path', 'host'],
  'event.principal': ['org', 'user'],
  mast: ['riskScore', 'categories', 'detectors'],
  session: ['steps', 'untrusted', 'private', 'egress'],
  agent: ['id', 'owner', 'purpose'],
};

const LOOPS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** What the type checker lets pass and we do not: unknown fields, loops in loops, costly patterns. Null: nothing. */
export function conditionProblem(root: ASTNode): string | null {
  return visit(root, 0);
}

function visit(value: unknown, loops: number): string | null {
  if (Array.isArray(value)) {
    for (const item of value) {
      const problem = visit(item, loops);
      if (problem !== null) return problem;
    }
    return null;
  }
  if (!isNode(value)) return null;
  const problem = fieldProblem(value) ?? callProblem(value, loops);
  if (problem !== null) return `${problem} (offset ${value.start})`;
  if (value.op !== 'rcall') return visit(value.args, loops);
  const [name, receiver, args] = value.args;
  return visit(receiver, loops) ?? visit(args, loops + (LOOPS.has(name) ? 1 : 0));
}

function fieldProblem(node: ASTNode): string | null {
  if (node.op !== '.') return null;
  const [owner, key] = node.args;
  const path = pathOf(owner);
  const fields = path === null || !Object.hasOwn(FIELDS, path) ? undefined : FIELDS[path];
  return fields === undefined || fields.includes(key) ? null : `unknown field \`${path}.${key}\``;
}

function pathOf(node: ASTNode): string | null {
  if (node.op === 'id') return node.args;
  if (node.op !== '.') return null;
  const owner = pathOf(node.args[0]);
  return owner === null ? null : `${owner}.${node.args[1]}`;
}

function callProblem(node: ASTNode, loops: number): string | null {
  if (node.op !== 'rcall') return null;
  const [name, , args] = node.args;
  if (LOOPS.has(name) && loops > 0) return `\`${name}\` inside another loop: time would grow with the square of the event`;
  if (name !== 'matches') return null;
  const pattern = args[0];
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') return 'the pattern of `matches` must be a literal';
  return patternProblem(pattern.args);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}
