import { userSubject } from '../../ledger/personal-fields.ts';
import type { Finding } from '../../mast/finding.ts';
import { isUrlArg, isPathArg } from '../argument-kinds.ts';
import type { DetectionContext } from '../context.ts';
import type { EventText } from '../event-texts.ts';
import { walkArgs } from '../walk-args.ts';

/** A resource of another organisation or user. Needs `resource.ownerOrg`/`ownerUser`, or `principal.org` and a tenant id in a path, URL or argument. */
export function detectSpcTenant({ event, orgId }: DetectionContext, _views: readonly EventText[]): Finding | null {
  const { resource, principal } = event;
  const ownOrg = principal?.org ?? orgId;
  if (resource?.ownerOrg !== undefined && ownOrg !== null && resource.ownerOrg !== ownOrg) return finding('/resource/ownerOrg', 'an organisation other', 1);
  if (resource?.ownerUser !== undefined && principal?.user !== undefined && userSubject(resource.ownerUser) !== userSubject(principal.user))
    return finding('/resource/ownerUser', 'a user other', 1);
  if (principal?.org === undefined) return null;
  const isOther = (id: string): boolean => id !== principal.org && id.toLowerCase() !== principal.org?.toLowerCase();
  if (resource?.path !== undefined && tenantIds(resource.path).some(isOther)) return finding('/resource/path', 'an organisation other', 0.95);
  for (const leaf of walkArgs(event.tool?.args, '/tool/args')) {
    if (typeof leaf.value !== 'string' && typeof leaf.value !== 'number') continue;
    const value = String(leaf.value);
    const ids = TENANT_KEYS.has(leaf.key) ? [value] : isUrlArg(leaf) || isPathArg(leaf) || /^\/(?!\/)\S+$/.test(value) ? tenantIds(value) : [];
    if (ids.some(isOther)) return finding(leaf.pointer, 'an organisation other', 0.95);
  }
  return null;
}

const TENANT_KEYS: ReadonlySet<string> = new Set(['tenant', 'tenantid', 'orgid', 'organizationid', 'organisationid']);

/** Ids in `/tenants/<id>`, `/orgs/<id>`, `tenant_id=<id>` and their kin, percent-escapes undone. */
function tenantIds(text: string): string[] {
  return Array.from(
    text.slice(0, 4096).matchAll(/(?:\/(?:tenants?|orgs?|organi[sz]ations?)\/+|[?&;#](?:tenant|org|organi[sz]ation)[_-]?id=)([^/?&#;\s]{1,256})/gi),
    ([, id]) => decode(id ?? ''),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const finding = (pointer: string, whose: string, confidence: number): Finding => ({
  detector: 'spc.tenant',
  category: 'Space',
  mode: null,
  confidence,
  outcome: 'block',
  reason: `The resource named at ${pointer} belongs to ${whose} than the one the agent acts for.`,
  evidence: { pointer },
});
