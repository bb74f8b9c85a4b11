import { anthropicBatch, anthropicCountTokens, anthropicMessages } from './anthropic-messages.ts';
import { administration, embeddings, genericCall } from './generic-call.ts';
import type { CallAdapter } from './model-call.ts';
import { openAiChat } from './openai-chat.ts';
import { openAiResponses } from './openai-responses.ts';

/** By the end of the path, the longer before the shorter. The older completions of OpenAI answer in choices too; their prompts are all the user's. */
const BY_ENDING: readonly (readonly [string, CallAdapter])[] = [
  ['/chat/completions', openAiChat],
  ['/completions', { ...openAiChat, operation: 'text_completion', heard: genericCall('text_completion').heard }],
  ['/complete', { ...anthropicMessages, operation: 'text_completion', heard: genericCall('text_completion').heard }],
  ['/responses', openAiResponses],
  ['/responses/input_tokens', { ...openAiResponses, operation: 'count_tokens', said: undefined }],
  ['/responses/compact', openAiResponses],
  ['/embeddings', embeddings],
  ['/messages', anthropicMessages],
  ['/messages/count_tokens', anthropicCountTokens],
  ['/messages/batches', anthropicBatch],
];

/** Bodies and answers with secrets of others, such as the key of a session. */
const ADMINISTRATION = new Set(['admin', 'chatkit', 'organization', 'projects', 'realtime', 'tunnels', 'user_profiles', 'vaults', 'webhook_endpoints']);

/** Their answers are no words of a model: names and states of what is kept for one, or verdicts. */
const STORES = new Set([
  'agents',
  'assistants',
  'batches',
  'containers',
  'conversations',
  'deployments',
  'environments',
  'evals',
  'files',
  'fine_tuning',
  'memory_stores',
  'moderations',
  'sessions',
  'skills',
  'uploads',
  'vector_stores',
]);

/** What an operation means, by its path as `operationPath` gives it. */
export function adapterOf(path: string): CallAdapter {
  const segments = path.split('/').filter((segment) => segment !== '');
  const [first = ''] = segments;
  const operation = segments.filter((segment) => !/\d|^[a-z]+_[A-Za-z0-9]{8,}$/.test(segment)).join('.') || 'request';
  if (ADMINISTRATION.has(first)) return administration(operation);
  // A thread of the older assistants has messages as well, of another form.
  const known = first === 'threads' || STORES.has(first) ? undefined : BY_ENDING.find(([ending]) => path.endsWith(ending))?.[1];
  return known ?? genericCall(operation, { answers: !STORES.has(first) });
}

/** A path without host, query, version and the deployment that Azure puts in front. */
export function operationPath(path: string): string {
  const pathname = /^\/[\w/-]*\w$/.test(path) ? path : new URL(path, 'http://host').pathname.replace(/(?<=.)\/+$/, '');
  return pathname
    .replace(/^\/openai(?=\/)/, '')
    .replace(/^\/(?:deployments|engines)\/[^/]+/, '')
    .replace(/^\/v\d+(?:beta\d*)?(?=\/)/, '');
}

/** Sockets and what opens them: neither seam sees what is said there. */
export const isRealtime = (path: string): boolean => path.startsWith('/realtime');
