import type { Sql } from '../../db/client.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { HttpProblem } from '../problem.ts';
import { voterOf } from '../reviewer.ts';

export function batchDecisionRoutes({ sql, runtime }: { sql: Sql; runtime: GovernanceRuntime }): Handlers<'decideReviews'> {
  return {
    async decideReviews({ body: { decisions } }, { principal, requestId }) {
      const errors = decisions.flatMap(({ verb, message }, index) =>
        verb === 'respond' && message === undefined ? [{ pointer: `/decisions/${index}/message`, detail: 'a response has a message' }] : [],
      );
      if (errors.length > 0) throw new HttpProblem('validation-failed', { errors });
      const voter = await voterOf(sql, principal);
      return { status: 200, body: { data: await runtime.decideMany({ orgId: principal.orgId, ...voter, requestId, decisions }) } };
    },
  };
}
