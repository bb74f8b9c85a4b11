import { createPeerDatabase } from './database.ts';
import { startPeerWorker } from './worker.ts';

export interface PauseResumeMeter {
  /** How long `invoke` took until it returned with an interrupt, in ms. */
  pause: (id: string) => Promise<number>;
  /** How long `invoke(new Command({ resume }))` took until the graph had ended, in ms. */
  resume: (id: string) => Promise<number>;
  close: () => Promise<void>;
}

/**
 * LangGraph with its PostgreSQL saver, one node that waits and nothing else, in a process of its own: the saver at its best.
 * One call at a time, so that the caller can take turns between this and what it is compared with. `installPeers` comes first.
 */
export async function openLangGraphMeter({ databaseUrl }: { databaseUrl: string }): Promise<PauseResumeMeter> {
  const database = await createPeerDatabase(databaseUrl);
  try {
    const worker = await startPeerWorker({ program: 'langgraph-worker.mjs', variant: 'gate-only', databaseUrl: database.url });
    return {
      pause: async (id) => (await worker.call('pause', id, false)).ms,
      resume: async (id) => (await worker.call('resume', id, false)).ms,
      async close() {
        await worker.kill();
        await database.drop();
      },
    };
  } catch (error) {
    await database.drop();
    throw error;
  }
}
