import { scopesBeyond, scopesOfKey } from '../../../core/access/grants.ts';
import { SCOPES_OF_ROLE } from '../../../core/access/permissions.ts';
import { Role, Scope } from '../../../schemas/access.ts';

describe('scopes', () => {
  it('of a key bound to a member are never more than the role holds', () => {
    for (const role of Role.options) {
      const held = scopesOfKey(Scope.options, role);
      expect(held.toSorted()).toEqual([...SCOPES_OF_ROLE[role]].toSorted());
    }
    expect(scopesOfKey(['events:read'], 'Owner')).toEqual(['events:read']);
  });

  it('of a key bound to nobody are those it was given', () => {
    expect(scopesOfKey(['audit:read'], null)).toEqual(['audit:read']);
  });

  it('that the creator does not hold are named', () => {
    expect(scopesBeyond(['events:read', 'admin'], SCOPES_OF_ROLE.Admin)).toEqual(['admin']);
    expect(scopesBeyond(['events:read'], SCOPES_OF_ROLE.Viewer)).toEqual([]);
  });

  it('are all held by the owner, and only the owner is admin', () => {
    expect([...SCOPES_OF_ROLE.Owner].toSorted()).toEqual([...Scope.options].toSorted());
    expect(Role.options.filter((role) => SCOPES_OF_ROLE[role].includes('admin'))).toEqual(['Owner']);
  });
});
