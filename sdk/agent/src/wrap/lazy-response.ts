import { type BodySource, lazyBody, readAll } from './body-source.ts';

/**
 * A response in the place of another, with a body of its own. The stream of the body is made when somebody asks for it: `json()` and `text()`, which
 * are what clients call, read the source without one.
 */
export function lazyResponse(original: Response, source: BodySource): Response {
  const { status, statusText, headers, url, redirected, type } = original;
  const told = { status, statusText, headers };
  let streamed: Response | undefined;
  let taken = false;
  const withBody = (): Response => {
    if (taken) throw new TypeError('Body is unusable: it has been read already');
    return (streamed ??= new Response(lazyBody(source), told));
  };
  const text = async (): Promise<string> => {
    if (streamed !== undefined || taken) return withBody().text();
    taken = true;
    return (await readAll({ read: source.pull })).text;
  };
  // What no constructor takes: where it came from, and headers that are forbidden to it.
  const dressed = (response: Response): Response =>
    Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected }, type: { value: type }, headers: { value: headers } });
  return Object.defineProperties(dressed(new Response(null, told)), {
    body: { get: () => (taken ? null : withBody().body) },
    bodyUsed: { get: () => taken || streamed?.bodyUsed === true },
    text: { value: text },
    json: { value: async (): Promise<unknown> => JSON.parse(await text()) as unknown },
    arrayBuffer: { value: async () => withBody().arrayBuffer() },
    blob: { value: async () => withBody().blob() },
    formData: { value: async () => withBody().formData() },
    bytes: { value: async () => new Uint8Array(await withBody().arrayBuffer()) },
    clone: { value: () => dressed(withBody().clone()) },
  });
}
