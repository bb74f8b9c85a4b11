import { canonicalPath } from './canonical-path.ts';
import type { Leaf } from './walk-args.ts';

/** A string argument that names a file. A URL names none, unless a reader of files that takes it for a path would climb with it. */
export const isPathArg = (leaf: Leaf): boolean =>
  typeof leaf.value === 'string' && leaf.value !== '' && PATH_KEYS.has(leaf.key) && (!isUrlArg(leaf) || canonicalPath(leaf.value).climbs);

/** A string argument that names a host or is a URL as a whole. Text that merely mentions one is not. */
export const isUrlArg = ({ key, value }: Leaf): boolean =>
  typeof value === 'string' && value !== '' && (WHOLE_URL.test(value) || CONNECTION_URL.test(value) || (HOST_KEYS.has(key) && leadsToHost(key, value.trim())));

function leadsToHost(key: string, value: string): boolean {
  if (/^mailto:/i.test(value)) return false;
  if (WITH_AUTHORITY.test(value)) return true;
  // A query may hold white space; before it, white space makes the value prose.
  const read = /\s/.test(value) ? (value.split(/[?#]/, 1)[0] ?? '') : value;
  if (read === '' || /\s/.test(read)) return false;
  // Whatever stands here is looked up as a name, or read as an address: `postgres`, `2852039166`.
  return key === 'host' || key === 'hostname' || /[.:[\]]|localhost/i.test(read);
}

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
const WHOLE_URL = /^\s{0,8}(?:https?|wss?|ftps?|sftp):[/\\]{0,4}[^\s/\\]/i;
/** Under any key. Other schemes may be identifiers (`gid://shop/Product/1`) or name a bucket, and count under keys for URLs alone. */
const CONNECTION_URL = /^\s{0,8}(?:ssh|git|smtps?|ldaps?|rediss?|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|amqps?):\/\/\S+\s{0,8}$/i;
const WITH_AUTHORITY = /^(?:[a-z][a-z0-9+.-]*:\/\/|[/\\]{2})/i;
