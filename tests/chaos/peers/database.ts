import { randomBytes } from 'node:crypto';
import type { EffectCount } from './count.ts';
import { openTestPool } from '../../support/database.ts';

export interface PeerDatabase {
  url: string;
  /** Of the threads whose name starts so. */
  effects: (prefix: string) => Promise<EffectCount[]>;
  drop: () => Promise<void>;
}

/** A database of its own on a given server, with the tables that the drilled programs' applications have. */
export async function createPeerDatabase(serverUrl: string): Promise<PeerDatabase> {
  const name = `mg_peers_${randomBytes(6).toString('hex')}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await onServer(serverUrl, `create database ${name}`);
  const sql = openTestPool({ url: url.href, maxConnections: 1, applicationName: 'mastguard-chaos' });
  const drop = async (): Promise<void> => {
    await sql.end({ timeout: 1 });
    await onServer(serverUrl, `drop database if exists ${name} with (force)`);
  };
  try {
    await sql`create table peer_effects (id bigint generated always as identity primary key, thread text not null, step text not null)`;
    await sql`create table peer_run_states (thread text primary key, state text not null, done boolean not null default false)`;
  } catch (error) {
    await drop();
    throw error;
  }
  return {
    url: url.href,
    effects: (prefix) =>
      sql<EffectCount[]>`select thread, step, count(*)::int as times from peer_effects where starts_with(thread, ${prefix}) group by thread, step`,
    drop,
  };
}

async function onServer(serverUrl: string, statement: string): Promise<void> {
  const sql = openTestPool({ url: serverUrl, maxConnections: 1, applicationName: 'mastguard-chaos' });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
