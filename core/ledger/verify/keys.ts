import type { Json } from '../../../schemas/json.ts';
import type { Sha256 } from '../../hashing.ts';
import { deploymentOrigin } from '../log-names.ts';
import type { KeyUse } from '../log-names.ts';
import { parseVkey, SIGNATURE_TYPE } from '../note.ts';
import type { Vkey } from '../note.ts';
import { isObject, readJson } from './read-json.ts';

/** The verifier keys that are known, by what they may sign. */
export interface LogKeys {
  all: Vkey[];
  log: Vkey[];
  deployment: Vkey[];
}

export type UsedVkey = Vkey & { use: KeyUse };

/** The keys of `keys.json`, and how many of them are none. Undefined where the file is none. */
export function readKeys(text: string, sha256: Sha256): { keys: LogKeys; malformed: number } | undefined {
  const value = readJson(text);
  const listed = isObject(value) ? value['vkeys'] : undefined;
  if (!Array.isArray(listed)) return undefined;
  const used = listed.map((each) => readKey(each, sha256)).filter((each) => each !== undefined);
  return { keys: keysByUse(used), malformed: listed.length - used.length };
}

/** What a key given by hand is for. Undefined where it is none. */
export function readGivenVkey(text: string, host: string, sha256: Sha256): UsedVkey | undefined {
  const vkey = parseVkey(text, sha256);
  if (vkey === undefined) return undefined;
  if (vkey.type === SIGNATURE_TYPE.cosignature) return { ...vkey, use: 'time' };
  return { ...vkey, use: vkey.name === deploymentOrigin(host) ? 'deployment' : 'log' };
}

export function keysByUse(keys: readonly UsedVkey[]): LogKeys {
  return { all: [...keys], log: keys.filter(({ use }) => use === 'log'), deployment: keys.filter(({ use }) => use === 'deployment') };
}

function readKey(value: Json, sha256: Sha256): UsedVkey | undefined {
  if (!isObject(value)) return undefined;
  const { vkey: text, use } = value;
  if (typeof text !== 'string' || (use !== 'log' && use !== 'time' && use !== 'deployment')) return undefined;
  const vkey = parseVkey(text, sha256);
  const isFit = vkey?.type === (use === 'time' ? SIGNATURE_TYPE.cosignature : SIGNATURE_TYPE.ed25519);
  return vkey !== undefined && isFit ? { ...vkey, use } : undefined;
}
