import { isGovernedResult, noteGovernedResult } from '../governed-results.ts';
import type { Governor } from '../governor.ts';
import { adapterOf, isRealtime, operationPath } from './adapter-of.ts';
import { draftsOfHeard } from './drafts.ts';
import { isRecord, parsedJson, textOr } from './json-walk.ts';
import type { AnswerSettings, OpenCall } from './open-call.ts';
import { permitAll } from './permit-all.ts';

export interface AdmitSettings extends AnswerSettings {
  allowUngoverned: boolean;
}

/** A request before it is sent, as the clients of OpenAI and Anthropic describe it. */
export interface ModelRequest {
  method: string;
  path: string;
  body?: unknown;
  signal?: AbortSignal | null | undefined;
}

export interface Admission {
  governor: Governor;
  settings: AdmitSettings;
  provider: string;
  /** That is asked, where it is not the one the body names. */
  model?: string | undefined;
}

/**
 * Asks about what a request brings to the model.
 * @returns undefined for what only reads or deletes, which is no call of a model
 * @throws MastGuardBlockedError
 */
export async function admit(
  { method, body, signal, ...request }: ModelRequest,
  { governor, settings, provider, model }: Admission,
): Promise<OpenCall | undefined> {
  if (!['post', 'put', 'patch'].includes(method.toLowerCase())) return undefined;
  const path = operationPath(request.path);
  if (isRealtime(path) && !settings.allowUngoverned) {
    throw new Error('MastGuard does not see what is said in a realtime session, so it opens none; `allowUngoverned: true` lets it');
  }
  const adapter = adapterOf(path);
  const json = typeof body === 'string' ? (parsedJson(body) ?? body) : body;
  const named = model ?? textOr(isRecord(json) ? json['model'] : undefined, undefined);
  const facts = { operation: adapter.operation, provider, model: named, path };
  const heard = adapter.heard(json, (result) => isGovernedResult(governor, result));
  await permitAll(governor, draftsOfHeard(facts, heard), signal ?? undefined);
  for (const result of heard.results) noteGovernedResult(governor, result);
  return { governor, facts, adapter, settings };
}

/**
 * What will be sent, as it is now: while the question is decided, the caller may go on to change the objects it has passed.
 * @returns the same where it is no plain JSON
 */
export function bodySnapshot(body: unknown): unknown {
  const plain =
    Array.isArray(body) || (typeof body === 'object' && body !== null && [Object.prototype, null].includes(Object.getPrototypeOf(body) as object | null));
  if (!plain || Symbol.asyncIterator in body || (Symbol.iterator in body && 'next' in body)) return body;
  return JSON.parse(JSON.stringify(body)) as unknown;
}
