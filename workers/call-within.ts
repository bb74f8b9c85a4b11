import type { Client } from '@temporalio/client';

/**
 * Ends a call to Temporal at its deadline; what it had begun may still come true. The SDK's deadline alone is not enough: over the
 * worker's connection it holds for each try, and a server that is away is tried again for up to ten seconds.
 */
export async function callWithin<T>(client: Client, timeoutMs: number, call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Temporal did not answer within ${timeoutMs} ms`)), timeoutMs);
  });
  const answer = client.withDeadline(Date.now() + timeoutMs, call);
  // Nobody may be listening any more when it fails.
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
