import type { Answer } from './answer.ts';
import { idOf, type ModelRequest } from './request.ts';

const OPENAI: Record<number, { type: string; code: string | null; message: string }> = {
  400: { type: 'invalid_request_error', code: null, message: 'The request is not valid.' },
  401: { type: 'invalid_request_error', code: 'invalid_api_key', message: 'Incorrect API key provided.' },
  403: { type: 'invalid_request_error', code: 'unsupported_country_region_territory', message: 'Not permitted.' },
  404: { type: 'invalid_request_error', code: 'model_not_found', message: 'The model does not exist or you do not have access to it.' },
  409: { type: 'conflict_error', code: null, message: 'The resource was updated by another request.' },
  422: { type: 'invalid_request_error', code: null, message: 'The request could not be processed.' },
  429: { type: 'requests', code: 'rate_limit_exceeded', message: 'Rate limit reached.' },
  500: { type: 'server_error', code: null, message: 'The server had an error while processing your request.' },
};
const ANTHROPIC: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};

/** An error as the vendor words it. Azure has its own for what its gateway refuses, and numbers as codes. */
export function failure(request: ModelRequest, status: number): Answer {
  const known = OPENAI[status] ?? { type: 'server_error', code: null, message: `Status ${status}.` };
  // The clients wait as long as they are told: a test that counts retries need not wait half a second for each.
  const headers = { 'retry-after-ms': '1' };
  if (request.vendor === 'anthropic') {
    const error = { type: ANTHROPIC[status] ?? 'api_error', message: known.message };
    return { status, headers, body: { type: 'error', error, request_id: idOf('req_', request) } };
  }
  if (request.vendor === 'azure') return { status, headers, body: { error: { code: known.code ?? String(status), message: known.message } } };
  return { status, headers, body: { error: { message: known.message, type: known.type, param: null, code: known.code } } };
}
