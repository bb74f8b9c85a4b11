/** One way of using a peer that its documentation shows; each is drilled on its own. */
export interface Usage {
  name: string;
  packages: readonly string[];
  /** The drilled program, and which of its ways. */
  program: 'langgraph-worker.mjs' | 'openai-agents-worker.mjs';
  variant: string;
  notes: readonly string[];
}

const LANGGRAPH = { packages: ['@langchain/langgraph', '@langchain/langgraph-checkpoint-postgres'], program: 'langgraph-worker.mjs' } as const;
const OPENAI_AGENTS = { packages: ['@openai/agents'], program: 'openai-agents-worker.mjs' } as const;
const AT_LEAST_ONCE = 'a node that was cut off runs again: its effects are repeated unless the application makes them idempotent';
const OWN_RECOVERY =
  'after a crash the client finds out by `getState` where a thread stands and goes on with `invoke(null)`; one that takes an empty `next` for the end loses runs that were cut off between a node and its checkpoint, so this one looks at `tasks`';
const NODE_VERSION = 'its README asks for Node 22; it runs here on the Node that runs the drill';

export const USAGES: readonly Usage[] = [
  {
    ...LANGGRAPH,
    name: 'LangGraph, effect before interrupt()',
    variant: 'same-node',
    notes: [
      'resuming runs the waiting node from its start, so what stands before `interrupt()` happens twice even without a crash',
      AT_LEAST_ONCE,
      OWN_RECOVERY,
    ],
  },
  {
    ...LANGGRAPH,
    name: 'LangGraph, effect in its own node',
    variant: 'own-node',
    notes: ['what its guide advises; default durability (checkpoints are written while the next node runs)', AT_LEAST_ONCE, OWN_RECOVERY],
  },
  {
    ...LANGGRAPH,
    name: 'LangGraph, own node, durability sync',
    variant: 'own-node-sync',
    notes: ['the strictest setting it has: every checkpoint is written before the next node runs', AT_LEAST_ONCE, OWN_RECOVERY],
  },
  {
    ...OPENAI_AGENTS,
    name: 'OpenAI Agents, RunState in memory',
    variant: 'memory',
    notes: ['the SDK has no storage: a state that is kept in a variable ends with its process', NODE_VERSION],
  },
  {
    ...OPENAI_AGENTS,
    name: 'OpenAI Agents, RunState in PostgreSQL',
    variant: 'table',
    notes: [
      'table, writing and marking are the application’s: a crash before the state is written repeats the run so far, one before the row is marked repeats the approved tool',
      'marking the row before resuming would lose approved actions instead of repeating them',
      NODE_VERSION,
    ],
  },
];
