import type { Answer } from './answer.ts';
import { CREATED } from './created.ts';
import { idOf, type ModelRequest } from './request.ts';
import { piecesOf, type Script, tokensOf } from './script.ts';

/** `POST /v1/completions`, the older form. */
export function completion(request: ModelRequest, { text }: Script): Answer {
  const common = { id: idOf('cmpl-', request), object: 'text_completion', created: CREATED, model: request.model };
  const choice = (said: string, reason: string | null): object => ({ text: said, index: 0, logprobs: null, finish_reason: reason });
  const [prompt, answered] = [tokensOf(request.json?.['prompt']), tokensOf(text)];
  const usage = { prompt_tokens: prompt, completion_tokens: answered, total_tokens: prompt + answered };
  if (request.json?.['stream'] !== true) return { status: 200, body: { ...common, choices: [choice(text, 'stop')], usage } };
  const each = piecesOf(text).map((piece) => ({ data: { ...common, choices: [choice(piece, null)] } }));
  return { status: 200, events: { head: [], each, tail: [{ data: { ...common, choices: [choice('', 'stop')] } }, { data: '[DONE]' }] } };
}

/** `POST /v1/embeddings`: four numbers for each input, as floats or as little-endian base64, which the client asks for by itself. */
export function embeddings({ json = {}, model }: ModelRequest): Answer {
  const { input } = json;
  const inputs = Array.isArray(input) ? input : [input];
  const data = inputs.map((text, index) => {
    const numbers = new Float32Array([0.5, -0.25, index, String(text).length / 1_024]);
    const embedding = json['encoding_format'] === 'base64' ? Buffer.from(numbers.buffer).toString('base64') : [...numbers];
    return { object: 'embedding', index, embedding };
  });
  const used = tokensOf(input);
  return { status: 200, body: { object: 'list', data, model, usage: { prompt_tokens: used, total_tokens: used } } };
}

/** `GET /v1/models`: all at once. */
export function models(): Answer {
  const data = ['gpt-4o', 'gpt-4o-mini'].map((id) => ({ id, object: 'model', created: CREATED, owned_by: 'system' }));
  return { status: 200, body: { object: 'list', data } };
}

const FILES = Array.from({ length: 5 }, (_, index) => fileOf(`file-${index + 1}`, `notes-${index + 1}.jsonl`, 120 + index, 'fine-tune'));

/** `GET /v1/files`: pages by `limit` and `after`. */
export function files({ query }: ModelRequest): Answer {
  const start = FILES.findIndex(({ id }) => id === query.get('after')) + 1;
  const data = FILES.slice(start, start + Number(query.get('limit') ?? 20));
  const body = { object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: start + data.length < FILES.length };
  return { status: 200, body };
}

/** `POST /v1/files`: a form with `purpose` and `file`. */
export function upload(request: ModelRequest): Answer {
  const file = request.form?.get('file');
  if (!(file instanceof Blob))
    return { status: 400, body: { error: { message: 'file is a required property', type: 'invalid_request_error', param: 'file', code: null } } };
  const purpose = request.form?.get('purpose');
  return { status: 200, body: fileOf(idOf('file-', request), file.name, file.size, typeof purpose === 'string' ? purpose : '') };
}

function fileOf(id: string, filename: string, bytes: number, purpose: string) {
  return { id, object: 'file', bytes, created_at: CREATED, expires_at: null, filename, purpose, status: 'processed', status_details: null };
}
