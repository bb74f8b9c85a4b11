import type { Leaf } from './walk-args.ts';

/** A string argument that names a file. */
export const isPathArg = ({ key, value }: Leaf): boolean => typeof value === 'string' && value !== '' && PATH_KEYS.has(key) && !HAS_SCHEME.test(value);

/** A string argument that names a host or is a URL as a whole. Text that merely mentions one is not. */
export const isUrlArg = ({ key, value }: Leaf): boolean =>
  typeof value === 'string' &&
  value !== '' &&
  (WHOLE_URL.test(value) || (HOST_KEYS.has(key) && /^[^\s@,]{1,2048}$/.test(value) && /[.:[\]]|localhost/i.test(value)));

const PATH_KEYS: ReadonlySet<string> = new Set([
  'path',
  'file',
  'filename',
  'filepath',
  'directory',
  'dir',
  'folder',
  'srcpath',
  'destpath',
  'sourcepath',
  'targetpath',
  'outputpath',
  'inputpath',
  'paths',
  'files',
]);
const HOST_KEYS: ReadonlySet<string> = new Set([
  'url',
  'uri',
  'urls',
  'href',
  'endpoint',
  'host',
  'hostname',
  'domain',
  'webhook',
  'webhookurl',
  'callbackurl',
  'baseurl',
  'link',
]);
const HAS_SCHEME = /^(?!file:)[a-z][a-z0-9+.-]{1,31}:\/\//i;
const WHOLE_URL = /^\s{0,8}(?:https?|wss?|ftps?|sftp):[/\\]{0,4}[^\s/\\]/i;
