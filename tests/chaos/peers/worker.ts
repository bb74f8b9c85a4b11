import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export type Verb = 'pause' | 'resume';

export interface Answer {
  outcome: 'paused' | 'done' | 'unknown';
  /** The program's own work, without the way between the processes. */
  ms: number;
}

export interface PeerWorker {
  /** Rejects when the program says so, or when it has ended before it answered. */
  call: (verb: Verb, thread: string, retried: boolean) => Promise<Answer>;
  alive: () => boolean;
  /** SIGKILL; resolves when the process is gone. */
  kill: () => Promise<void>;
}

interface Program {
  program: string;
  variant: string;
  databaseUrl: string;
}

const READY_WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 30_000;

/** A drilled program as a process of its own, ready to be called. It ends by SIGKILL, and at the latest with this process. */
export async function startPeerWorker({ program, variant, databaseUrl }: Program): Promise<PeerWorker> {
  // What is said on stderr is only of use when the process does not come up.
  const child = fork(join(import.meta.dirname, program), [variant], {
    cwd: import.meta.dirname,
    env: { ...withoutTheirSettings(process.env), DATABASE_URL: databaseUrl },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)));
  const waiting = new Map<number, (message: Reply) => void>();
  const ended = once(child, 'exit');
  child.once('exit', () => {
    process.off('exit', onExit);
    for (const settle of waiting.values()) settle({ error: `${program} ended` });
  });
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  const replyTo = (call: number, withinMs: number): Promise<Reply> =>
    new Promise((settle) => {
      const timer = setTimeout(() => settle({ error: `${program} did not answer within ${withinMs} ms` }), withinMs);
      waiting.set(call, (reply) => {
        clearTimeout(timer);
        waiting.delete(call);
        settle(reply);
      });
    });

  // The first message says that the program is ready; it has no number.
  const ready = replyTo(0, READY_WITHIN_MS);
  child.on('message', (message: Reply & { call?: number }) => waiting.get(message.call ?? 0)?.(message));
  const { error } = await ready;
  if (error !== undefined) {
    await kill();
    throw new Error(`${error} while starting:\n${said.trim()}`);
  }

  let calls = 0;
  return {
    async call(verb, thread, retried) {
      if (!alive()) throw new Error(`${program} has ended`);
      const call = (calls += 1);
      const reply = replyTo(call, ANSWER_WITHIN_MS);
      child.send({ call, verb, thread, retried }, () => undefined);
      const { error: problem, outcome, ms } = await reply;
      if (problem !== undefined || outcome === undefined || ms === undefined) throw new Error(problem ?? `${program} answered nothing`);
      return { outcome, ms };
    },
    alive,
    kill,
  };
}

type Reply = Partial<Answer> & { error?: string };

/** No tracing service is told, whatever the user's own environment asks of these products. */
function withoutTheirSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(?:LANGSMITH_|LANGCHAIN_|LANGGRAPH_|OPENAI_|PG|NODE_OPTIONS$|TEST_|TEMPORAL_|DEBUG$)/.test(name)),
  );
}
