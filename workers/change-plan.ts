import { realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { auditEntry } from '../api/audit.ts';
import { newId } from '../api/ids.ts';
import { PLAN_LIMITS } from '../core/plans/plan-limits.ts';
import { openDatabase } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { changePlan } from '../db/queries/plan.ts';
import { readRetention, type RetentionRow } from '../db/queries/retention.ts';
import { readConfig } from './config.ts';

const Input = z.object({ org: z.uuid(), plan: z.enum(['free', 'pro', 'enterprise']) });

export interface ChangedPlan extends Pick<RetentionRow, 'retentionDays' | 'extensions' | 'reduction'> {
  status: 'changed' | 'unchanged';
  orgId: string;
  plan: string;
}

/**
 * The limits of another plan, in force at once. A longer retention reaches back to what stands; a shorter one takes from it after 30 days.
 * Undefined when there is no such organisation.
 */
export async function changePlanOf(sql: Sql, input: z.input<typeof Input>): Promise<ChangedPlan | undefined> {
  const { org: orgId, plan } = Input.parse(input);
  const limits = PLAN_LIMITS[plan];
  const requestId = newId('req');
  const record = (type: string, details: Parameters<typeof auditEntry>[0]['details'] = {}) =>
    auditEntry({ type, actor: 'system', target: orgId, requestId, details });
  const gaps = { beforeSeq: null, noticeAt: null, effectiveAt: null };
  const status = await changePlan(sql, {
    orgId,
    plan,
    ...limits,
    audits: {
      plan: record('plan.changed', { plan, ...limits }),
      extended: record('retention.extended', { beforeSeq: null, days: limits.retentionDays }),
      reduced: record('retention.reduced', { ...gaps, days: limits.retentionDays }),
      cancelled: record('retention.reduction-cancelled', gaps),
    },
  });
  const retention = status === 'unknown' ? undefined : await readRetention(sql, orgId);
  if (status === 'unknown' || retention === undefined) return undefined;
  const { retentionDays, extensions, reduction } = retention;
  return { status, orgId, plan, retentionDays, extensions, reduction };
}

/** `node dist/workers/change-plan.js --org <id> --plan pro`: prints one JSON line, with what a shorter retention will take and when. */
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const { values } = parseArgs({ options: { org: { type: 'string' }, plan: { type: 'string' } } });
  const parsed = Input.safeParse(values);
  if (parsed.success) {
    const { databaseUrl, databaseRole } = readConfig([], process.env);
    const sql = openDatabase({ url: databaseUrl, ...(databaseRole === undefined ? {} : { role: databaseRole }), maxConnections: 1, connectTimeoutMs: 10_000 });
    const changed = await changePlanOf(sql, parsed.data);
    await sql.end({ timeout: 5 });
    if (changed === undefined) {
      process.stderr.write(`there is no organisation ${parsed.data.org}\n`);
      process.exitCode = 1;
    } else process.stdout.write(`${JSON.stringify(changed)}\n`);
  } else {
    process.stderr.write(`${parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n')}\n`);
    process.exitCode = 2;
  }
}
