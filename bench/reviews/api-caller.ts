export type ApiCaller = <T = unknown>(method: string, path: string, key: string, body?: unknown) => Promise<T>;

/** Calls the API and answers the body; anything but 200 is an error. A decision that finds no free place is tried again, as callers are told to. */
export function createApiCaller(apiUrl: string): ApiCaller {
  return async function call<T>(method: string, path: string, key: string, body?: unknown): Promise<T> {
    for (;;) {
      const response = await fetch(`${apiUrl}${path}`, {
        method,
        headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.status === 200) return JSON.parse(text) as T;
      if (response.status !== 503) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(response.headers.get('retry-after') ?? 1)));
    }
  };
}
