import { nameTokens } from '../../../core/detection/tool-name.ts';

describe('nameTokens', () => {
  it('splits camel case, snake case, dots and dashes alike', () => {
    for (const name of ['deleteUserFiles', 'delete_user_files', 'delete.user-files']) expect(nameTokens(name)).toEqual(['delete', 'user', 'files']);
  });
});
