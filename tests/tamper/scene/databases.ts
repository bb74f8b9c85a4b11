import { openTestPool } from '../../support/database.ts';

/** Databases of one server: made from others, looked into, and gone when all of it ends. */
export interface Databases {
  clone: (from: string, name: string) => Promise<void>;
  drop: (name: string) => Promise<void>;
  /** A superuser's. */
  urlOf: (name: string) => string;
  /** Acting as a role. */
  urlAs: (name: string, role: string) => string;
  close: () => Promise<void>;
}

export function openDatabases(serverUrl: string): Databases {
  // A copy of a database is a copy of its files: a busy disk takes its time.
  const server = openTestPool({
    url: serverUrl,
    maxConnections: 2,
    applicationName: 'mastguard-tamper',
    statementTimeoutMs: 120_000,
  });
  const urlOf = (name: string): string => {
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return url.href;
  };
  return {
    async clone(from, name) {
      await server.unsafe(`create database ${name} template ${from}`);
    },
    async drop(name) {
      await server.unsafe(`drop database if exists ${name} with (force)`);
    },
    urlOf,
    urlAs(name, role) {
      const url = new URL(urlOf(name));
      url.searchParams.set('role', role);
      return url.href;
    },
    close: () => server.end({ timeout: 5 }),
  };
}
