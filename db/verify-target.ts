import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export interface VerifyTarget {
  orgId: string;
  databaseUrl: string;
  /** The role the user acts as. */
  role: string;
}

/** Nobody has said which ledger is meant, and no product runs here. */
export class NoTarget extends Error {}

/**
 * What `npm run verify` reads: the organisation that is named and `DATABASE_URL`; where one of them is missing, what `npm start` has left in
 * `$MASTGUARD_HOME/runtime.json`. @throws NoTarget
 */
export function verifyTarget([named]: readonly string[], env: NodeJS.ProcessEnv): VerifyTarget {
  const running = named === undefined || !env['DATABASE_URL'] ? runtime(env) : {};
  const orgId = named ?? running.orgId;
  const databaseUrl = env['DATABASE_URL'] || running.databaseUrl;
  if (typeof orgId !== 'string' || typeof databaseUrl !== 'string') {
    throw new NoTarget('Which ledger? Start MastGuard with "npm start", or give both: DATABASE_URL=postgres://… npm run verify -- ORG_ID');
  }
  return { orgId, databaseUrl, role: env['DATABASE_ROLE'] ?? 'mg_app' };
}

function runtime(env: NodeJS.ProcessEnv): { orgId?: unknown; databaseUrl?: unknown } {
  try {
    return JSON.parse(readFileSync(resolve(env['MASTGUARD_HOME'] || '.mastguard', 'runtime.json'), 'utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}
