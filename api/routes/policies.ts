import { canonicalize } from '../../core/json/canonical.ts';
import { lintReviewers } from '../../core/policy/lint-reviewers.ts';
import { lintPolicy } from '../../core/policy/lint.ts';
import type { Sql } from '../../db/client.ts';
import {
  activatePolicy,
  createPolicy,
  createPolicyVersion,
  findPolicy,
  findPolicyVersion,
  listPolicies,
  listPolicyVersions,
} from '../../db/queries/policies.ts';
import type { PolicyRow, PolicyVersionRow } from '../../db/queries/policies.ts';
import { listDeciders } from '../../db/queries/standing.ts';
import type { Json } from '../../schemas/json.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import type { Policy, PolicySet, PolicyVersion } from '../../schemas/policy.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import { sha256Hex } from '../digest.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { startSweep } from '../start-sweep.ts';

type PolicyRoutes = 'listPolicies' | 'createPolicy' | 'getPolicy' | 'listPolicyVersions' | 'createPolicyVersion' | 'getPolicyVersion' | 'activatePolicyVersion';

export function policyRoutes({ sql, runtime, now }: { sql: Sql; runtime: GovernanceRuntime; now: () => number }): Handlers<PolicyRoutes> {
  const readPolicy = async (orgId: string, policyId: string): Promise<Policy> => {
    const row = await findPolicy(sql, { orgId, policyId });
    if (row === undefined) throw new HttpProblem('not-found');
    return policyOf(row);
  };

  const readVersion = async (orgId: string, policyId: string, version: number): Promise<PolicyVersion> => {
    const row = await findPolicyVersion(sql, { orgId, policyId, version });
    if (row === undefined) throw new HttpProblem('not-found');
    return versionOf(row);
  };

  /** Throws 422 with everything that keeps a document from deciding in this organisation. `at` is where the body holds it. */
  const assertDecides = async (orgId: string, document: PolicySet, { at, activating }: { at: string; activating: boolean }): Promise<void> => {
    const faults = lintPolicy(document);
    const known = new Set(faults.map(({ pointer }) => pointer));
    const reviewers = lintReviewers(document, await listDeciders(sql, { orgId }), now(), { activating });
    const issues = [...faults, ...reviewers.filter(({ pointer }) => !known.has(pointer))];
    if (issues.length > 0) throw new HttpProblem('policy-invalid', { errors: issues.map(({ pointer, detail }) => ({ pointer: at + pointer, detail })) });
  };

  return {
    async listPolicies({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const afterId = decodeCursor(cursor, 'string', { list: 'policies' }) ?? '';
      const rows = await listPolicies(sql, { orgId, afterId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'policies', positionOf: ({ id }) => id, itemOf: policyOf }) };
    },

    async createPolicy({ body: { name, document } }, { principal, requestId }) {
      const { orgId } = principal;
      await assertDecides(orgId, document, { at: '/document', activating: false });
      const policyId = newId('pol');
      const createdBy = requesterOf(principal);
      const stored = storedForm(document);
      const audit = auditEntry({ type: 'policy.created', actor: createdBy, target: policyId, requestId, details: { documentDigest: stored.hex } });
      await createPolicy(sql, { orgId, policyId, name, ...stored, createdBy, audit }).catch((error: unknown) => {
        if ((error as { code?: unknown }).code === '23505') throw new HttpProblem('conflict', { detail: 'a policy of this name exists', cause: error });
        throw error;
      });
      return { status: 201, body: await readPolicy(orgId, policyId), headers: { Location: `/api/v1/policies/${policyId}` } };
    },

    async getPolicy({ params: { id } }, { principal }) {
      return { status: 200, body: await readPolicy(principal.orgId, id) };
    },

    async listPolicyVersions({ params: { id: policyId }, query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const filters = { policyId };
      const newest = 2_147_483_647;
      const beforeVersion = Math.min(newest, decodeCursor(cursor, 'number', { ...filters, list: 'policy-versions' }) ?? newest);
      await readPolicy(orgId, policyId);
      const rows = await listPolicyVersions(sql, { orgId, policyId, beforeVersion, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'policy-versions', filters, positionOf: ({ version }) => version, itemOf: versionOf }) };
    },

    async createPolicyVersion({ params: { id: policyId }, body: { document } }, { principal, requestId }) {
      const { orgId } = principal;
      await assertDecides(orgId, document, { at: '/document', activating: false });
      const createdBy = requesterOf(principal);
      const stored = storedForm(document);
      const audit = auditEntry({ type: 'policy.version-created', actor: createdBy, target: policyId, requestId, details: { documentDigest: stored.hex } });
      const version = await createPolicyVersion(sql, { orgId, policyId, ...stored, createdBy, audit });
      if (version === null) throw new HttpProblem('not-found');
      return { status: 201, body: await readVersion(orgId, policyId, version), headers: { Location: `/api/v1/policies/${policyId}/versions/${version}` } };
    },

    async getPolicyVersion({ params: { id, version } }, { principal }) {
      return { status: 200, body: await readVersion(principal.orgId, id, version) };
    },

    async activatePolicyVersion({ params: { id: policyId, version } }, { principal, requestId }) {
      const { orgId } = principal;
      // A version saved by an older release may no longer be one this release can decide by, and people come and go.
      const { document, digest } = await readVersion(orgId, policyId, version);
      await assertDecides(orgId, document, { at: '', activating: true });
      const audit = auditEntry({
        type: 'policy.activated',
        actor: requesterOf(principal),
        target: policyId,
        requestId,
        details: { version, documentDigest: digest },
      });
      if (!(await activatePolicy(sql, { orgId, policyId, version, audit }))) throw new HttpProblem('not-found');
      await startSweep({ sql, runtime }, orgId, audit);
      return { status: 200, body: await readPolicy(orgId, policyId) };
    },
  };
}

function storedForm(set: PolicySet): { document: string; digest: Buffer; hex: string } {
  const document = canonicalize(set as unknown as Json);
  const hex = sha256Hex(document);
  return { document, digest: Buffer.from(hex, 'hex'), hex };
}

function policyOf({ createdAt, ...row }: PolicyRow): Policy {
  return { ...row, createdAt: createdAt.toISOString() };
}

function versionOf({ document, createdAt, ...row }: PolicyVersionRow): PolicyVersion {
  return { ...row, document: JSON.parse(document) as PolicySet, createdAt: createdAt.toISOString() };
}
