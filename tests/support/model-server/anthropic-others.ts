import type { Answer } from './answer.ts';
import { idOf, type ModelRequest } from './request.ts';
import { tokensOf } from './script.ts';

/** `POST /v1/messages/count_tokens`. */
export const countTokens = ({ json }: ModelRequest): Answer => ({ status: 200, body: { input_tokens: tokensOf(json?.['messages']) } });

/** `POST /v1/messages/batches`: taken, and not worked on yet. */
export function batch(request: ModelRequest): Answer {
  const requests = (request.json?.['requests'] ?? []) as unknown[];
  return {
    status: 200,
    body: {
      id: idOf('msgbatch_', request),
      type: 'message_batch',
      processing_status: 'in_progress',
      request_counts: { processing: requests.length, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
      ended_at: null,
      created_at: '2026-11-20T10:00:00Z',
      expires_at: '2026-11-21T10:00:00Z',
      archived_at: null,
      cancel_initiated_at: null,
      results_url: null,
    },
  };
}

const MODELS = ['claude-opus-4-8', 'claude-sonnet-4-6', 'claude-haiku-4-5'].map((id) => ({
  type: 'model',
  id,
  display_name: id,
  created_at: '2026-01-01T00:00:00Z',
}));

/** `GET /v1/models`: pages by `limit` and `after_id`. */
export function models({ query }: ModelRequest): Answer {
  const start = MODELS.findIndex(({ id }) => id === query.get('after_id')) + 1;
  const data = MODELS.slice(start, start + Number(query.get('limit') ?? 20));
  const body = { data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: start + data.length < MODELS.length };
  return { status: 200, body };
}
