import { findGrant } from '../../../core/detection/grants.ts';

const profile = { grantedTools: [{ name: 'get_*' }, { name: 'get_user_*' }, { name: 'get_user_name' }] };

describe('findGrant', () => {
  it('takes the exact name before any prefix, and the longer prefix before the shorter', () => {
    expect(findGrant(profile, 'get_user_name')?.name).toBe('get_user_name');
    expect(findGrant(profile, 'get_user_mail')?.name).toBe('get_user_*');
    expect(findGrant(profile, 'get_order')?.name).toBe('get_*');
  });

  it('grants nothing without a match or a profile', () => {
    expect(findGrant(profile, 'forget_user')).toBeNull();
    expect(findGrant(null, 'get_order')).toBeNull();
  });
});
