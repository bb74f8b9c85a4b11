import * as anthropic from './anthropic-others.ts';
import { message } from './anthropic-messages.ts';
import type { Answer } from './answer.ts';
import { chatCompletion } from './openai-chat.ts';
import * as openai from './openai-others.ts';
import { response } from './openai-responses.ts';
import type { ModelRequest } from './request.ts';
import type { Script } from './script.ts';

type Handler = (request: ModelRequest, script: Script) => Answer;

const OPENAI: Record<string, Handler> = {
  'POST /v1/chat/completions': chatCompletion,
  'POST /v1/responses': response,
  'POST /v1/completions': openai.completion,
  'POST /v1/embeddings': openai.embeddings,
  'GET /v1/models': openai.models,
  'GET /v1/files': openai.files,
  'POST /v1/files': openai.upload,
};
const ANTHROPIC: Record<string, Handler> = {
  'POST /v1/messages': message,
  'POST /v1/messages/count_tokens': anthropic.countTokens,
  'POST /v1/messages/batches': anthropic.batch,
  'GET /v1/models': anthropic.models,
};

/** Who answers a request; undefined where the vendor has no such address. */
export function handlerOf({ method, route, vendor }: ModelRequest): Handler | undefined {
  return (vendor === 'anthropic' ? ANTHROPIC : OPENAI)[`${method} ${route}`];
}
