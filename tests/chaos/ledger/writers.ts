import { setTimeout as sleep } from 'node:timers/promises';
import type { Decision } from '../../../schemas/decision.ts';
import type { BatchResult } from '../../../schemas/event-views.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { type IdentifiedEvent, makeTraffic } from '../traffic.ts';
import type { Receipt } from './shared-witness.ts';

export interface Writers {
  /** Acknowledged: a caller holds this. In the order in which each caller was answered, callers interleaved. */
  readonly receipts: readonly Receipt[];
  /** What no caller should have seen, in words. */
  readonly findings: readonly string[];
  /** Connections that broke and answers of 503: the drill's own doing. */
  readonly interrupted: number;
  stop: () => Promise<void>;
}

export interface WritersOptions {
  apiUrl: string;
  apiKey: string;
  random: SeededRandom;
  /** Callers that post event by event, and callers that post observed events by the batch. */
  single?: number;
  batching?: number;
  batchSize?: number;
}

const PAUSE_MS = 150;

/**
 * Writes until it is stopped. Whoever is not answered asks again with the same ids, as a well-behaved client does; so every event has in the end one
 * receipt, and each caller's receipts grow.
 */
export function startWriters({ apiUrl, apiKey, random, single = 4, batching = 2, batchSize = 50 }: WritersOptions): Writers {
  const receipts: Receipt[] = [];
  const findings: string[] = [];
  let interrupted = 0;
  const stopping = new AbortController();

  const untilAnswered = async (path: string, body: unknown): Promise<string | undefined> => {
    for (;;) {
      const answer = await fetch(`${apiUrl}${path}`, {
        method: 'POST',
        headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
        .then(async (response) => ({ status: response.status, text: await response.text() }))
        .catch(() => undefined);
      if (answer?.status === 200) return answer.text;
      if (answer !== undefined && answer.status !== 503 && answer.status !== 429) {
        findings.push(`POST ${path} was answered ${answer.status}`);
        return undefined;
      }
      interrupted += 1;
      await sleep(PAUSE_MS);
    }
  };
  const take = (events: readonly IdentifiedEvent[], decisions: readonly (Decision | undefined)[], last: number): number => {
    let highest = last;
    for (const [at, decision] of decisions.entries()) {
      if (decision === undefined || decision.eventId !== events[at]?.id) {
        findings.push(`no decision for event ${events[at]?.id}`);
        continue;
      }
      const { seq, entryHash } = decision.receipt;
      // An earlier attempt may have been recorded before something else that this caller was answered meanwhile; within one answer it cannot.
      if (events.length === 1 && seq <= last) findings.push(`a caller was answered ${seq} after ${last}`);
      highest = Math.max(highest, seq);
      receipts.push({ seq, entryHash });
    }
    return highest;
  };
  const posting = async (): Promise<void> => {
    for (let last = -1; !stopping.signal.aborted;) {
      const [event] = makeTraffic(random, 1) as [IdentifiedEvent];
      const text = await untilAnswered('/api/v1/governance/events', event);
      if (text !== undefined) last = take([event], [JSON.parse(text) as Decision], last);
    }
  };
  const batch = async (): Promise<void> => {
    for (let last = -1; !stopping.signal.aborted;) {
      const events = makeTraffic(random, batchSize);
      const text = await untilAnswered('/api/v1/governance/events/batch', { events });
      if (text !== undefined)
        last = take(
          events,
          (JSON.parse(text) as BatchResult).data.map(({ decision }) => decision),
          last,
        );
    }
  };
  const running = Promise.all([...Array.from({ length: single }, posting), ...Array.from({ length: batching }, batch)]);

  return {
    receipts,
    findings,
    get interrupted() {
      return interrupted;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
