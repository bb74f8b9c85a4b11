import { Annotation, Command, END, interrupt, isInterrupted, START, StateGraph } from '@langchain/langgraph';
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import { serveCommands } from './commands.mjs';
import { effectsOn, openPool } from './effects.mjs';

/**
 * LangGraph with its PostgreSQL saver, as its guides on interrupts, persistence and durable execution have it.
 * `same-node`: the effect stands before `interrupt()` in the node that waits. `own-node`, `own-node-sync`: it has a node of its own,
 * which is what the guide advises. `gate-only`: no effects at all, for measuring the saver alone.
 */
const variant = process.argv[2];
const pool = openPool(process.env.DATABASE_URL ?? '');
const effect = effectsOn(pool);
const State = Annotation.Root({ thread: Annotation, approved: Annotation });

/** @param {typeof State.State} state */
async function gate({ thread }) {
  if (variant === 'same-node') await effect(thread, 'gate');
  const { approved } = interrupt({ question: 'May this be done?', thread });
  if (variant !== 'gate-only') await effect(thread, 'decided');
  return { approved };
}

/** @param {'prepare' | 'gate'} step */
function node(step) {
  return async (/** @type {typeof State.State} */ { thread }) => {
    await effect(thread, step);
    return {};
  };
}

/** @param {typeof State.State} state */
async function act({ thread, approved }) {
  if (approved) await effect(thread, 'executed');
  return {};
}

function build() {
  const graph = new StateGraph(State).addNode('gate', gate);
  if (variant === 'gate-only') return graph.addEdge(START, 'gate').addEdge('gate', END);
  graph.addNode('prepare', node('prepare')).addNode('act', act).addEdge(START, 'prepare').addEdge('gate', 'act').addEdge('act', END);
  if (variant === 'same-node') return graph.addEdge('prepare', 'gate');
  return graph.addNode('announce', node('gate')).addEdge('prepare', 'announce').addEdge('announce', 'gate');
}

const checkpointer = new PostgresSaver(pool);
await checkpointer.setup();
const app = build().compile({ checkpointer });

/** @param {string} thread */
const configOf = (thread) => ({ configurable: { thread_id: thread }, ...(variant === 'own-node-sync' ? { durability: 'sync' } : {}) });

/**
 * Where a thread stands by its checkpoints: what a client asks that does not know whether its last call arrived. `next` would not do:
 * it is also empty when a node has ended and the checkpoint after it was cut off. The task is listed then, with a result.
 * @param {string} thread
 */
async function standing(thread) {
  const { createdAt, tasks } = await app.getState(configOf(thread));
  if (createdAt === undefined) return 'unknown';
  if (tasks.some(({ interrupts, result }) => interrupts.length > 0 && result === undefined)) return 'paused';
  return tasks.length === 0 ? 'done' : 'under way';
}

serveCommands({
  async pause(thread, retried) {
    const now = retried ? await standing(thread) : 'unknown';
    if (now === 'paused') return 'paused';
    // Without input a run goes on from its last checkpoint.
    const result = await app.invoke(now === 'unknown' ? { thread } : null, configOf(thread));
    if (!isInterrupted(result)) throw new Error(`${thread} did not pause`);
    return 'paused';
  },
  async resume(thread, retried) {
    const now = retried ? await standing(thread) : 'paused';
    if (now === 'unknown' || now === 'done') return now;
    const result = await app.invoke(now === 'paused' ? new Command({ resume: { approved: true } }) : null, configOf(thread));
    if (isInterrupted(result)) throw new Error(`${thread} waits again`);
    return 'done';
  },
});
