import { Pool } from 'pg';

/**
 * Connections of a drilled program, made as an application would: one that breaks while it is idle must not end the process.
 * @param {string} connectionString
 */
export function openPool(connectionString) {
  const pool = new Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * Side effects that can be counted afterwards. There is no unique key on purpose: a second row is a second e-mail, a second transfer.
 * @param {Pool} pool
 */
export function effectsOn(pool) {
  return async (/** @type {string} */ thread, /** @type {'prepare' | 'gate' | 'decided' | 'executed'} */ step) => {
    await pool.query('insert into peer_effects (thread, step) values ($1, $2)', [thread, step]);
  };
}
