import type { Sql } from './client.ts';

export interface Listener {
  stop(): Promise<void>;
}

export interface ListenOptions {
  channel: string;
  onNotice: (payload: string) => void;
  /** On the first and every later connection. What was told in between is lost: drop whatever depends on it. */
  onConnect: () => void;
  onError: (error: unknown) => void;
  retryMs?: number;
}

/** Listens on one channel on a connection of its own, from now on or as soon as the database is there. */
export function listen(sql: Sql, { channel, onNotice, onConnect, onError, retryMs = 1_000 }: ListenOptions): Listener {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let attempt: Promise<void> = Promise.resolve();
  let subscription: Awaited<ReturnType<Sql['listen']>> | undefined;

  const start = async (): Promise<void> => {
    try {
      subscription = await sql.listen(channel, onNotice, onConnect);
    } catch (error) {
      onError(error);
      if (stopped) return;
      timer = setTimeout(() => {
        attempt = start();
      }, retryMs);
      timer.unref();
    }
  };
  attempt = start();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await attempt;
      await subscription?.unlisten().catch(onError);
    },
  };
}
