import type { Sql } from '../../db/client.ts';
import { findOrganization } from '../../db/queries/organizations.ts';
import type { Handlers } from '../handler.ts';
import { HttpProblem } from '../problem.ts';

export function organizationRoutes({ sql }: { sql: Sql }): Handlers<'getOrganization'> {
  return {
    async getOrganization(_input, { principal: { orgId } }) {
      const organization = await findOrganization(sql, { orgId });
      if (organization === undefined) throw new HttpProblem('not-found');
      return { status: 200, body: organization };
    },
  };
}
