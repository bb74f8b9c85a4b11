import type { Role } from '../../schemas/access.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

export interface Member {
  id: string;
  email: string;
  name: string;
  role: Role;
  groups: string[];
}

/** An active member as of now; undefined for a disabled or unknown one. */
export function findActiveMember(sql: Sql, { orgId, memberId }: { orgId: string; memberId: string }): Promise<Member | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [member] = await tx<Member[]>`
      select id, email, name, role, groups from member where org_id = ${orgId} and id = ${memberId} and status = 'active'`;
    return member;
  });
}

export interface NewMember extends Member {
  orgId: string;
  /** As `hashPassword` gives it; null: cannot sign in with a password. */
  passwordHash: string | null;
  audit: AuditEntry;
}

export async function createMember(sql: Sql, { orgId, id, email, name, role, groups, passwordHash, audit }: NewMember): Promise<void> {
  await sql`select create_member(${orgId}, ${id}, ${email.toLowerCase()}, ${name}, ${role}, ${sql.array(groups, 25)}::text[], ${passwordHash}, ${auditParameter(audit)}::text::jsonb)`;
}
