import { isDeepStrictEqual } from 'node:util';
import type { Observation } from './observe.ts';

export interface Comparison {
  /** Behaviours in which the wrapped client is another than the bare one, and where in what was noticed. */
  differing: { behaviour: string; at: string[] }[];
  behaviours: number;
  /** Requests with a question in them. */
  asked: number;
  /** Those that the wrapper did not see: not governed, not traced. */
  unseen: { behaviour: string; requests: string[] }[];
  /** Those that left although all was refused; null where the wrapper does not refuse. */
  leaked: { behaviour: string; requests: string[] }[] | null;
}

/** A wrapped client beside the bare one. */
export function compare(bare: readonly Observation[], wrapped: readonly Observation[]): Comparison {
  const differing = bare.flatMap(({ behaviour, noticed }) => {
    const other = wrapped.find((observation) => observation.behaviour === behaviour);
    const at = other === undefined ? ['it was not observed'] : differencesOf(noticed, other.noticed);
    return at.length === 0 ? [] : [{ behaviour, at }];
  });
  const of = (pick: (observation: Observation) => string[]): { behaviour: string; requests: string[] }[] =>
    wrapped.flatMap((observation) => (pick(observation).length === 0 ? [] : [{ behaviour: observation.behaviour, requests: pick(observation) }]));
  return {
    differing,
    behaviours: bare.length,
    asked: wrapped.reduce((sum, { asked }) => sum + asked, 0),
    unseen: of(({ unseen }) => unseen),
    leaked: wrapped.some(({ leaked }) => leaked === null) ? null : of(({ leaked }) => leaked ?? []),
  };
}

/** Where two pieces of JSON differ, as paths with both values; at most five. */
export function differencesOf(left: unknown, right: unknown, path = ''): string[] {
  if (isDeepStrictEqual(left, right)) return [];
  if (!isContainer(left) || !isContainer(right) || Array.isArray(left) !== Array.isArray(right))
    return [`${path || '.'}: ${shortOf(left)} became ${shortOf(right)}`];
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return keys.flatMap((key) => differencesOf(left[key], right[key], `${path}.${key}`)).slice(0, 5);
}

const isContainer = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function shortOf(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
