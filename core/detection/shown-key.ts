import { maskSecrets } from './secret-shapes.ts';

/**
 * The name of an argument as reasons and evidence may show it. Names are the tool's and tell the reader where to look; what is none, such as an
 * address or a number that a map is keyed by, is content and stays out of what is recorded in the clear.
 */
export function shownKey(key: string): string {
  if (/^\d{1,5}$/.test(key)) return key;
  return NAME.test(key) && !/\d{6}/.test(key) ? maskSecrets(key) : '…';
}

const NAME = /^[\p{L}_$][\p{L}\p{M}\p{N}_$.:/~-]{0,63}$/u;

/** The same for each step of an RFC 6901 pointer. */
export const shownPointer = (pointer: string): string =>
  pointer
    .split('/')
    .map((step) => (step === '' ? step : escaped(shownKey(step.replaceAll('~1', '/').replaceAll('~0', '~')))))
    .join('/');

export const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
