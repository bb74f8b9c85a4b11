import { detectSpcTenant } from '../../../../core/detection/detectors/spc-tenant.ts';
import { runDetector } from '../../../support/detection-context.ts';

const resource = { type: 'record', id: 'r-1' };
const principal = { org: 'org-a', user: 'ana@example.com' };

describe('spc.tenant', () => {
  it('blocks what another organisation or user owns', () => {
    expect(runDetector(detectSpcTenant, { resource: { ...resource, ownerOrg: 'org-b' } })).toMatchObject({ outcome: 'block', category: 'Space' });
    expect(runDetector(detectSpcTenant, { resource: { ...resource, ownerOrg: 'org-a' }, principal: { org: 'org-b' } })?.outcome).toBe('block');
    expect(runDetector(detectSpcTenant, { resource: { ...resource, ownerUser: 'ben@example.com' }, principal })?.outcome).toBe('block');
  });

  it.each(['https://api.example.com/tenants/org-b/x', 'https://api.example.com/x?tenant_id=org-b', 'https://api.example.com/orgs/org%2Db'])(
    'blocks the tenant id in %j',
    (url) => {
      expect(runDetector(detectSpcTenant, { tool: { name: 'http_get', args: { url } }, principal })).toMatchObject({ evidence: { pointer: '/tool/args/url' } });
    },
  );

  it('blocks a tenant argument and a resource path of another organisation', () => {
    expect(runDetector(detectSpcTenant, { tool: { name: 'x', args: { tenantId: 'org-b' } }, principal })?.outcome).toBe('block');
    expect(runDetector(detectSpcTenant, { resource: { ...resource, path: '/orgs/org-b/a' }, principal })?.outcome).toBe('block');
  });

  it.each(['Ana@Example.com', ' ana@example.com ', 'ANA@EXAMPLE.COM'])('takes %j for the same person in another spelling', (ownerUser) => {
    expect(runDetector(detectSpcTenant, { resource: { ...resource, ownerUser }, principal })).toBeNull();
    expect(runDetector(detectSpcTenant, { resource: { ...resource, ownerUser: principal.user }, principal: { ...principal, user: ownerUser } })).toBeNull();
  });

  it('takes both forms of an accent for the same person, and a name without it for another one', () => {
    const withUser = (user: string, ownerUser: string) => runDetector(detectSpcTenant, { resource: { ...resource, ownerUser }, principal: { user } });
    expect(withUser('rene\u0301', 'ren\u00e9')).toBeNull();
    expect(withUser('rene', 'ren\u00e9')?.outcome).toBe('block');
  });

  it('lets own resources pass, and does not guess without a principal', () => {
    expect(
      runDetector(detectSpcTenant, { resource: { ...resource, ownerOrg: 'org-a', ownerUser: 'ana@example.com', path: '/tenants/org-a/x' }, principal }),
    ).toBeNull();
    expect(runDetector(detectSpcTenant, { resource: { ...resource, ownerUser: 'ben@example.com', path: '/tenants/org-b' } })).toBeNull();
  });
});
