import type { GovernanceEvent } from '../../schemas/event.ts';
import type { Json } from '../../schemas/json.ts';
import type { Sha256Hex } from '../hashing.ts';
import { canonicalize } from '../json/canonical.ts';

/** What an approval covers. Change any of it and the approval no longer fits: action, tool, arguments, resource, agent, policy version. */
export function actionDigest(event: GovernanceEvent, policyVersion: string | null, sha256Hex: Sha256Hex): string {
  const covered = {
    action: event.action,
    agentId: event.agentId,
    policyVersion,
    resource: event.resource ?? null,
    tool: event.tool === undefined ? null : { name: event.tool.name, args: event.tool.args ?? {} },
  };
  return sha256Hex(canonicalize(covered as Json));
}
