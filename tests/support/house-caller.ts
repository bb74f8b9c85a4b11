import type { House } from './house.ts';
import { whileBusy } from './while-busy.ts';

export type HouseCaller = <T = unknown>(method: string, path: string, body?: object) => Promise<T>;

/**
 * Calls the API of a house with a key; answers the body. It rejects whatever is answered without success; a busy server is asked again for what only reads
 * and for what has an id of its own.
 */
export function houseCaller(house: Pick<House, 'apiUrl'>, apiKey: string): HouseCaller {
  return async (method, path, body) => {
    const ask = async () => {
      const response = await fetch(`${house.apiUrl}${path}`, {
        method,
        // A connection that was idle may be closed by the other side at the moment of the next request.
        headers: { connection: 'close', 'x-api-key': apiKey, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { ok: response.ok, status: response.status, text: await response.text() };
    };
    const mayRepeat = method === 'GET' || (body !== undefined && 'id' in body);
    const { ok, status, text } = await (mayRepeat ? whileBusy(ask) : ask());
    if (!ok) throw new Error(`${path} was answered ${status}: ${text}`);
    return JSON.parse(text) as never;
  };
}
