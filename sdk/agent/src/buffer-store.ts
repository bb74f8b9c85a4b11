import type { DecisionValue } from '../../compliance/src/api-types.ts';
import type { GovernedEvent } from './decision.ts';
import type { OnUnavailable } from './shield-options.ts';
import type { UnavailableCause } from './unavailable.ts';

/** What the fail mode made of an event, for the ledger. */
export interface FailModeReport {
  mode: OnUnavailable;
  value: DecisionValue;
  cause: UnavailableCause;
  /** RFC 3339. */
  decidedAt: string;
}

/** One thing that waits to be delivered. */
export interface BufferedEvent {
  event: GovernedEvent;
  failMode?: FailModeReport | undefined;
}

/** Keeps events, oldest first, until they are delivered. One process owns a store. */
export interface BufferStore {
  readonly size: number;
  /** @throws Error where there is no room */
  append: (entry: BufferedEvent) => void;
  /** The oldest, at most so many; they stay. */
  peek: (count: number) => BufferedEvent[];
  /** Forgets the oldest. */
  drop: (count: number) => void;
  /** Gives up what it holds open; nothing is lost. */
  close?: () => void;
}

/** Lost when the process ends: `flush()` before. `fileBuffer` of `…/file-buffer` is not. */
export function memoryBuffer({ maxEvents = 10_000 }: { maxEvents?: number } = {}): BufferStore {
  let entries: BufferedEvent[] = [];
  return {
    get size() {
      return entries.length;
    },
    append(entry) {
      if (entries.length >= maxEvents) throw new Error(`the buffer holds ${maxEvents} events and takes no more`);
      entries.push(entry);
    },
    peek: (count) => entries.slice(0, count),
    drop(count) {
      entries = entries.slice(count);
    },
  };
}
