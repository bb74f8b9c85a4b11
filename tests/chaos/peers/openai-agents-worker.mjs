import { Agent, run, RunState, setTracingDisabled, tool } from '@openai/agents';
import { z } from 'zod';
import { serveCommands } from './commands.mjs';
import { effectsOn, openPool } from './effects.mjs';
import { scriptedModel } from './scripted-model.mjs';

/**
 * OpenAI Agents with a tool that needs approval, as its human-in-the-loop guide has it. Storage is the application's:
 * `memory` keeps the paused state in a variable, as the short sample does; `table` writes `state.toString()` to PostgreSQL once
 * `run()` has returned, which is the guide's advice for approvals that take longer, and marks the row when the resumed run has returned.
 */
const variant = process.argv[2];
const pool = openPool(process.env.DATABASE_URL ?? '');
const effect = effectsOn(pool);
setTracingDisabled(true);

const agent = new Agent({
  name: 'treasury',
  model: scriptedModel(['prepare', 'announce', 'act']),
  tools: [toolFor('prepare', 'prepare'), toolFor('announce', 'gate'), toolFor('act', 'executed', true)],
});

/** @param {string} name @param {'prepare' | 'gate' | 'executed'} step */
function toolFor(name, step, needsApproval = false) {
  return tool({
    name,
    description: name,
    parameters: z.object({}),
    needsApproval,
    // Otherwise a database that is away would become a tool result, and the run would go on as if nothing had happened.
    errorFunction: null,
    execute: async (_arguments, context) => {
      await effect(context.context.thread, step);
      return 'ok';
    },
  });
}

/** @type {Map<string, string>} */
const inMemory = new Map();
const storage =
  variant === 'memory'
    ? {
        read: async (/** @type {string} */ thread) => ({ state: inMemory.get(thread), done: false }),
        write: async (/** @type {string} */ thread, /** @type {string} */ state) => void inMemory.set(thread, state),
        finish: async (/** @type {string} */ thread) => void inMemory.delete(thread),
      }
    : {
        read: async (/** @type {string} */ thread) => {
          const { rows } = await pool.query('select state, done from peer_run_states where thread = $1', [thread]);
          return rows[0] ?? { state: undefined, done: false };
        },
        write: (/** @type {string} */ thread, /** @type {string} */ state) =>
          pool.query('insert into peer_run_states (thread, state) values ($1, $2)', [thread, state]),
        finish: (/** @type {string} */ thread) => pool.query('update peer_run_states set done = true where thread = $1', [thread]),
      };

serveCommands({
  async pause(thread, retried) {
    if (retried && (await storage.read(thread)).state !== undefined) return 'paused';
    const result = await run(agent, 'Pay the invoice.', { context: { thread } });
    if (result.interruptions.length !== 1) throw new Error(`${thread} did not pause`);
    await storage.write(thread, result.state.toString());
    return 'paused';
  },
  async resume(thread) {
    const { state: stored, done } = await storage.read(thread);
    if (stored === undefined) return 'unknown';
    if (done) return 'done';
    const state = await RunState.fromString(agent, stored);
    for (const interruption of state.getInterruptions()) state.approve(interruption);
    await effect(thread, 'decided');
    await run(agent, state);
    await storage.finish(thread);
    return 'done';
  },
});
