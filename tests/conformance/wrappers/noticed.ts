import { setTimeout as sleep } from 'node:timers/promises';

type ErrorClasses = Record<string, unknown>;

/** What a caller can notice of an error: whose child it is by `instanceof`, and what it says of the answer. */
export function noticedError(error: unknown, classes: ErrorClasses): object {
  if (!(error instanceof Error)) return { thrown: String(error) };
  const { status, code, type, requestID, param } = error as Error & Record<string, unknown>;
  const isA = Object.keys(classes)
    .filter((name) => name.endsWith('Error') && typeof classes[name] === 'function' && error instanceof (classes[name] as new () => unknown))
    .toSorted();
  return { isA, name: error.constructor.name, message: withoutPort(error.message), status, code, type, param, requestID };
}

/** The answer, or what is thrown instead. */
export async function attempt(classes: ErrorClasses, call: () => unknown): Promise<unknown> {
  try {
    return { value: await call() };
  } catch (error) {
    return { threw: noticedError(error, classes) };
  }
}

/** What a caller can notice of a response. */
export function noticedResponse(response: Response): object {
  const header = (name: string): string | null => response.headers.get(name);
  return {
    isResponse: response instanceof Response,
    status: response.status,
    ok: response.ok,
    url: withoutPort(response.url),
    type: header('content-type'),
    requestId: header('x-request-id') ?? header('request-id'),
    bodyUsed: response.bodyUsed,
  };
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Resolves when it holds, or can be believed never to. The answer is whether it holds. */
export async function eventually(holds: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 400 && !holds(); tries += 1) await sleep(5);
  return holds();
}

/** Errors of what is begun that nobody handles. */
export async function unhandledDuring(classes: ErrorClasses, begin: () => void): Promise<object[]> {
  const unhandled: object[] = [];
  const note = (reason: unknown): void => void unhandled.push(noticedError(reason, classes));
  process.on('unhandledRejection', note);
  try {
    begin();
    await eventually(() => unhandled.length > 0);
    // A second one would come at once.
    await sleep(20);
  } finally {
    process.off('unhandledRejection', note);
  }
  return unhandled;
}

export const withoutPort = (text: string): string => text.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1');
