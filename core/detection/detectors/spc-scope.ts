import type { Finding } from '../../mast/finding.ts';
import { isPathArg, isUrlArg } from '../argument-kinds.ts';
import { canonicalPath, isUnderRoots } from '../canonical-path.ts';
import type { DetectionContext } from '../context.ts';
import { isToolCall } from '../event-kind.ts';
import type { EventText } from '../event-texts.ts';
import { inferLabels, statedLabels } from '../tool-labels.ts';
import { isAllowedHost, urlHost } from '../url-host.ts';
import { walkArgs, type Leaf } from '../walk-args.ts';

interface Place {
  pointer: string;
  value: string;
}

/** Paths, hosts and data classes outside `profile.scope`. Without scoped paths, a path that climbs above its root is still an alert. */
export function detectSpcScope(context: DetectionContext, _views: readonly EventText[]): Finding | null {
  const { paths, hosts } = placesOf(context);
  const scope = context.profile?.scope;
  for (const { pointer, value } of paths) {
    const path = canonicalPath(value);
    if (scope?.paths !== undefined) {
      if (!isUnderRoots(path, scope.paths))
        return finding('block', 0.95, `The path at ${pointer} is outside the agent's scope.`, { pointer, roots: scope.paths.length });
    } else if (path.climbs || path.ambiguous) {
      return finding('alert', 0.75, `The path at ${pointer} climbs above its root or holds control characters.`, { pointer });
    }
  }
  for (const { pointer, value } of scope?.hosts === undefined ? [] : hosts) {
    const host = urlHost(value);
    if (host === null || host.ambiguous || !isAllowedHost(host.host, scope?.hosts ?? [])) {
      return finding('block', 0.95, `The host at ${pointer} is outside the agent's scope.`, { pointer, hosts: scope?.hosts?.length ?? 0 });
    }
  }
  return aboveClearance(context);
}

function placesOf({ event }: DetectionContext): { paths: Place[]; hosts: Place[] } {
  const leaves = walkArgs(isToolCall(event) ? event.tool?.args : undefined, '/tool/args');
  const { path, host } = event.resource ?? {};
  return {
    paths: [...(path === undefined ? [] : [{ pointer: '/resource/path', value: path }]), ...leaves.filter(isPathArg).map(place)],
    hosts: [...(host === undefined ? [] : [{ pointer: '/resource/host', value: host }]), ...leaves.filter(isUrlArg).map(place)],
  };
}

const place = ({ pointer, value }: Leaf): Place => ({ pointer, value: typeof value === 'string' ? value : '' });

const CLASS_RANK = { public: 0, internal: 1, private: 2 } as const;

/** A stated label above the clearance is blocked; one merely inferred from the tool's name is worth a look. */
function aboveClearance({ event, profile }: DetectionContext): Finding | null {
  const clearance = profile?.scope?.clearance;
  if (clearance === undefined || event.tool === undefined || !isToolCall(event)) return null;
  const stated = statedLabels(event.tool, profile).reads;
  const reads = stated ?? inferLabels(event.tool.name).reads;
  if (CLASS_RANK[reads] <= CLASS_RANK[clearance]) return null;
  const reason = `The tool reads ${reads} data; the agent's clearance is ${clearance}.`;
  return stated === undefined
    ? finding('alert', 0.5, reason, { reads, clearance, inferred: true })
    : finding('block', 0.95, reason, { reads, clearance, inferred: false });
}

const finding = (outcome: Finding['outcome'], confidence: number, reason: string, evidence: Finding['evidence']): Finding => ({
  detector: 'spc.scope',
  category: 'Space',
  mode: 'FM-1.1',
  confidence,
  outcome,
  reason,
  evidence,
});
