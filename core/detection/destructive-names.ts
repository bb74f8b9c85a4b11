import { nameTokens } from './tool-name.ts';

/** The destructive verb a tool or action name leads with, or null. Business verbs such as cancel, update and close are not destructive. */
export function destructiveVerb(name: string): string | null {
  const tokens = nameTokens(name);
  const first = tokens.find((token) => READING.has(token) || DESTRUCTIVE.has(token) || CHANGING.has(token));
  // `get_deleted_items`, `restore_dropped_table`, `cancel_delete_request` read or undo.
  if (first !== undefined && READING.has(first)) return null;
  if (tokens.some((token) => HARMLESS_OBJECTS.has(token))) return null;
  for (const [index, token] of tokens.entries()) {
    const rest = tokens.slice(index + 1);
    if (DESTRUCTIVE.has(token)) return token;
    const objects = NEEDS_OBJECT.get(token);
    if (objects !== undefined && rest.some((object) => objects.has(object))) return token;
  }
  return null;
}

const set = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const DESTRUCTIVE = set('delete truncate purge wipe destroy erase obliterate nuke shred revoke terminate shutdown deprovision decommission rmdir dropdb');
const READING = set(
  'get list search find read check view show describe count preview restore undo undelete prevent cancel recover archive is has can confirm explain',
);
const CHANGING = set('create add update set send book');
const HARMLESS_OBJECTS = set('cart basket cache draft bookmark reminder reaction');

const ACCOUNT_OBJECTS = set('password passwords credential credentials mfa 2fa');
const STORED_OBJECTS = set(
  'user users file files folder directory database databases db account accounts table tables member members bucket volume repository repo backup backups index cluster',
);
/** Verbs that are destructive only to some things: `remove_user` is, `remove_item_from_cart` is not. */
const NEEDS_OBJECT: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['remove', STORED_OBJECTS],
  ['rm', STORED_OBJECTS],
  ['drop', set('table tables database databases db schema collection index column partition view user role bucket all')],
  ['format', set('disk drive volume partition device')],
  ['reset', set('password passwords credentials mfa 2fa factory database db')],
  ['change', ACCOUNT_OBJECTS],
  ['disable', set('user users account accounts mfa 2fa logging audit backup backups')],
  ['kill', set('process instance server session database all')],
  ['shut', set('down')],
  ['clear', set('database db table tables logs audit history')],
  ['overwrite', STORED_OBJECTS],
]);
