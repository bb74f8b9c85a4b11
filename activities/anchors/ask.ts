import type { GuardedFetch, GuardedRequest, GuardedResponse } from '../outbound/guarded-fetch.ts';
import { OutboundFailed, OutboundRefused } from '../outbound/outbound-error.ts';
import { AnchorRefused, AnchorUnavailable } from './anchor.ts';

/** One request to an anchor. @throws AnchorUnavailable, AnchorRefused instead of the errors of the guarded fetch */
export async function ask(fetch: GuardedFetch['fetch'], url: string, request: GuardedRequest): Promise<GuardedResponse> {
  try {
    return await fetch(url, { method: 'POST', ...request, headers: { 'user-agent': 'MastGuard', ...request.headers } });
  } catch (error) {
    if (error instanceof OutboundRefused) throw new AnchorRefused('rejected', `the request is not allowed: ${error.code}`);
    if (error instanceof OutboundFailed) throw new AnchorUnavailable(`no answer: ${error.code}`);
    throw error;
  }
}

/** The error that an answer other than the wanted one stands for. A redirect is such an answer: nothing follows it. */
export function unwantedAnswer(status: number): AnchorUnavailable | AnchorRefused {
  const message = `answered ${status}`;
  return status >= 500 || WORTH_ANOTHER_TRY.has(status) ? new AnchorUnavailable(message) : new AnchorRefused('rejected', message);
}

/** Request timeout, too early, too many requests: the request itself is not at fault. */
const WORTH_ANOTHER_TRY: ReadonlySet<number> = new Set([408, 425, 429]);
