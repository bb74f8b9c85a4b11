import type { Json } from '../../schemas/json.ts';
import type { PublishedKey } from './log-names.ts';

/** The files of an export, as docs/spec/ledger-v1.md gives them. Hashes are lower-case hex, times epoch milliseconds. */
export interface ExportFile {
  format: 'mastguard-export';
  v: 1;
  org: string;
  origin: string;
  exportedAt: number;
  size: number;
  minIndex: number;
  anchorHash: string | null;
  head: { nextSeq: number; head: string; lastAt: number | null; checkpointSize: number };
}

/** `keys.json`. */
export interface KeysFile {
  vkeys: PublishedKey[];
}

export type RecordKind = 1 | 2 | 3 | 4;

/** A line of `entries.ndjson`. */
export interface EntryLine {
  seq: number;
  kind: RecordKind;
  id: string;
  at: number;
  retain: number;
  /** Body hash. */
  body: string;
  /** Entry hash. */
  hash: string;
}

/** A line of `bodies.ndjson` without the body: that is its last member, as recorded, or `text`. */
export interface BodyLine {
  seq: number;
  kind: RecordKind;
  id: string;
  at: number;
  retain: number;
  fields: { [name: string]: Json };
}

/** A line of `checkpoints.ndjson`. */
export interface CheckpointLine {
  number: number;
  size: number;
  root: string;
  /** When it was stored. */
  at: number;
  note: string;
}

/** A line of `tiles.ndjson`. */
export interface TileLine {
  level: number;
  index: number;
  root: string;
}

/** `deployment.json`, where it is not null. */
export interface DeploymentFile {
  note: string;
  /** Of the checkpoint that the proof is about. */
  number: number;
  index: number;
  proof: string[];
}

/** A line of `receipts.ndjson`. */
export interface ReceiptLine {
  seq: number;
  entryHash: string;
  checkpointSize: number;
}

/** The names of `fields`, by kind. */
export const FIELD_NAMES: Readonly<Record<RecordKind, readonly string[]>> = {
  1: ['eventId', 'eventDigest', 'agentId', 'action', 'sessionId', 'value', 'riskScore', 'categories', 'policyVersion', 'ruleId', 'checkpointSize'],
  2: ['reviewId', 'eventId', 'step', 'actor'],
  3: ['type', 'actor', 'target'],
  4: ['eventId', 'agentId', 'value', 'ruleId', 'detectors'],
};

/**
 * What `fields` must be for a body, by name: null where the body has nothing. `checkpointSize` is not of the body and is left out, and so is
 * `eventDigest` where the body does not have it.
 */
export function projectionOf(kind: RecordKind, body: Json): { [name: string]: Json } {
  if (kind !== 1) return Object.fromEntries(FIELD_NAMES[kind].map((name) => [name, memberOf(body, name)]));
  const event = memberOf(body, 'event');
  const decision = memberOf(body, 'decision');
  const policy = memberOf(decision, 'policy');
  const digest = memberOf(body, 'eventDigest');
  return {
    eventId: memberOf(event, 'id'),
    ...(hasMember(body, 'eventDigest') ? { eventDigest: digest } : {}),
    agentId: memberOf(event, 'agentId'),
    action: memberOf(event, 'action'),
    sessionId: memberOf(event, 'sessionId'),
    value: memberOf(decision, 'value'),
    riskScore: memberOf(decision, 'riskScore'),
    categories: categoriesOf(memberOf(body, 'findings')),
    policyVersion: memberOf(policy, 'version'),
    ruleId: memberOf(policy, 'ruleId'),
  };
}

/** As columns and bodies are compared: an object equals nothing, for no column holds one. */
export function isSameJson(a: Json, b: Json): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((member, at) => isSameJson(member, b[at] ?? null));
  return a === b && (a === null || typeof a !== 'object');
}

/** Distinct, in their order. */
function categoriesOf(findings: Json): Json[] {
  if (!Array.isArray(findings)) return [];
  // A set knows an array only by its identity: those are compared with the ones before them.
  const distinct = [...new Set(findings.map((finding) => memberOf(finding, 'category')))];
  return distinct.filter((category, at) => !Array.isArray(category) || !distinct.slice(0, at).some((known) => isSameJson(known, category)));
}

function memberOf(value: Json, name: string): Json {
  return hasMember(value, name) ? (value[name] ?? null) : null;
}

function hasMember(value: Json, name: string): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);
}
