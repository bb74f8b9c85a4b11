import { remembering } from '../remembering.ts';

/** Words of a tool or action name: `deleteUserFiles`, `delete_user-files` and `fs.delete` alike. Lower case. */
export const nameTokens = remembering((name): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((token) => token !== ''),
);
