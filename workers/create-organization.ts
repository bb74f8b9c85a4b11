import { randomBytes, randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { hashPassword } from '../api/access/password.ts';
import { auditEntry } from '../api/audit.ts';
import { newId } from '../api/ids.ts';
import { randomBase62 } from '../core/access/base62.ts';
import { PLAN_LIMITS } from '../core/plans/plan-limits.ts';
import { openDatabase } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { createMember } from '../db/queries/members.ts';
import { createOrganization } from '../db/queries/organizations.ts';
import { readConfig } from './config.ts';

const Input = z.object({ name: z.string().min(1).max(200), plan: z.enum(['free', 'pro', 'enterprise']), email: z.email() });

export interface CreatedOrganization {
  orgId: string;
  ownerEmail: string;
  /** Shown once; its hash is what is stored. */
  ownerPassword: string;
}

/** A new organisation with its Owner, who signs in and makes everything else. */
export async function createOrganizationWithOwner(sql: Sql, input: z.input<typeof Input>): Promise<CreatedOrganization> {
  const { name, plan, email } = Input.parse(input);
  const orgId = randomUUID();
  const memberId = `mem_${randomBase62(16, randomBytes)}`;
  const ownerPassword = randomBase62(24, randomBytes);
  const requestId = newId('req');
  await createOrganization(sql, {
    orgId,
    name,
    plan,
    ...PLAN_LIMITS[plan],
    audit: auditEntry({ type: 'organization.created', actor: 'system', target: orgId, requestId, details: { plan } }),
  });
  await createMember(sql, {
    orgId,
    id: memberId,
    email,
    name: 'Owner',
    role: 'Owner',
    groups: [],
    passwordHash: await hashPassword(ownerPassword),
    audit: auditEntry({ type: 'member.created', actor: 'system', target: memberId, requestId, details: { role: 'Owner' } }),
  });
  return { orgId, ownerEmail: email.toLowerCase(), ownerPassword };
}

/** `node dist/workers/create-organization.js --name Acme --email owner@acme.example [--plan pro]`: prints one JSON line. */
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const { values } = parseArgs({ options: { name: { type: 'string' }, email: { type: 'string' }, plan: { type: 'string', default: 'free' } } });
  const parsed = Input.safeParse(values);
  if (parsed.success) {
    const { databaseUrl, databaseRole } = readConfig([], process.env);
    const sql = openDatabase({ url: databaseUrl, ...(databaseRole === undefined ? {} : { role: databaseRole }), maxConnections: 1, connectTimeoutMs: 10_000 });
    process.stdout.write(`${JSON.stringify(await createOrganizationWithOwner(sql, parsed.data))}\n`);
    await sql.end({ timeout: 5 });
  } else {
    process.stderr.write(`${parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n')}\n`);
    process.exitCode = 2;
  }
}
