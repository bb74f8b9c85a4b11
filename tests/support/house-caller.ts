import { setTimeout as sleep } from 'node:timers/promises';
import type { House } from './house.ts';

export type HouseCaller = <T = unknown>(method: string, path: string, body?: object) => Promise<T>;

/** Long enough for many at once on a busy machine. */
const ANSWERED_WITHIN_MS = 30_000;

/**
 * Calls the API of a house with a key; answers the body. It rejects whatever is answered without success, but as every client should it asks a busy server
 * again where that can do nothing twice: what only reads, and what has an id of its own.
 */
export function houseCaller(house: Pick<House, 'apiUrl'>, apiKey: string): HouseCaller {
  return async (method, path, body) => {
    const mayRepeat = method === 'GET' || (body !== undefined && 'id' in body);
    const endMs = Date.now() + ANSWERED_WITHIN_MS;
    for (;;) {
      const response = await fetch(`${house.apiUrl}${path}`, {
        method,
        headers: { 'x-api-key': apiKey, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (response.ok) return (await response.json()) as never;
      const text = await response.text();
      if (response.status !== 503 || !mayRepeat || Date.now() > endMs) throw new Error(`${path} was answered ${response.status}: ${text}`);
      await sleep(500);
    }
  };
}
