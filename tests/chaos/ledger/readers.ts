import { setTimeout as sleep } from 'node:timers/promises';
import type { Checkpoint, ConsistencyProof, EntryProof, LogKey } from '../../../schemas/audit.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { createSharedWitness, type Receipt, type SharedWitness } from './shared-witness.ts';

export interface Readers {
  witness: SharedWitness;
  readonly findings: readonly string[];
  stop: () => Promise<void>;
}

export interface ReadersOptions {
  apiUrl: string;
  apiKey: string;
  random: SeededRandom;
  /** What callers hold; grows while readers read. */
  receipts: readonly Receipt[];
  count?: number;
}

const PAUSE_MS = 40;

/**
 * Outsiders who never stop checking, until they are stopped: each fetches the newest checkpoint, demands that it continues what any of them has seen, and
 * demands a proof for some receipt that it covers.
 */
export async function startReaders({ apiUrl, apiKey, random, receipts, count = 4 }: ReadersOptions): Promise<Readers> {
  const findings: string[] = [];
  /** Undefined when there is no answer to judge: the API is away, or nothing is signed yet. */
  const read = async <T>(path: string): Promise<T | undefined> => {
    const answer = await fetch(`${apiUrl}${path}`, { headers: { 'x-api-key': apiKey } })
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      .catch(() => undefined);
    if (answer?.status === 200) return JSON.parse(answer.text) as T;
    if (answer !== undefined && answer.status !== 503 && answer.status !== 409) findings.push(`GET ${path} was answered ${answer.status}`);
    return undefined;
  };
  const untilRead = async <T>(path: string): Promise<T> => {
    for (;;) {
      const body = await read<T>(path);
      if (body !== undefined) return body;
      await sleep(PAUSE_MS);
    }
  };
  await untilRead<Checkpoint>('/api/v1/audit/checkpoints/latest');
  const { data: keys } = await untilRead<{ data: LogKey[] }>('/api/v1/audit/keys');
  const witness = createSharedWitness(keys.map(({ vkey }) => vkey));
  const prove = (from: number, to: number) => untilRead<ConsistencyProof>(`/api/v1/audit/proof/consistency?from=${from}&to=${to}`);
  const stopping = new AbortController();

  const reading = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const latest = await read<Checkpoint>('/api/v1/audit/checkpoints/latest');
      if (latest !== undefined) await witness.meet(latest.note, prove);
      // Any receipt at all, old ones too; one that no checkpoint covers yet has no proof yet.
      const receipt = receipts.length === 0 ? undefined : random.pick(receipts);
      if (receipt !== undefined && receipt.seq < witness.size) {
        const proof = await read<EntryProof>(`/api/v1/audit/proof/${receipt.seq}?by=seq`);
        if (proof !== undefined) await witness.check(receipt, proof, prove);
      }
      await sleep(PAUSE_MS);
    }
  };
  const running = Promise.all(Array.from({ length: count }, reading));

  return {
    witness,
    findings,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
