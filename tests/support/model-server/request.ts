import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** A request as it came. */
export interface ModelRequest {
  method: string;
  /** Without the query, and without what Azure puts before it: `/v1/chat/completions`. */
  route: string;
  /** As it came, with its query. */
  url: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  text: string;
  /** Undefined where the body is not JSON. */
  json: Record<string, unknown> | undefined;
  /** Form fields and files, where it is a form. */
  form?: FormData;
  /** Whose format an answer has. */
  vendor: 'openai' | 'azure' | 'anthropic';
  /** The name of the model or deployment; empty where the request has none. */
  model: string;
  /** True once the client has closed the connection before the answer was whole. */
  abandoned: boolean;
}

interface Raw {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Azure's `/openai/deployments/{name}/chat/completions?api-version=…`, and `/openai/…` for what has no deployment. */
const AZURE = /^\/openai(?:\/deployments\/([^/]+))?(?:\/v1)?(\/.*)$/;

export async function readRequest({ method, url, headers, body }: Raw): Promise<ModelRequest> {
  const { pathname, searchParams } = new URL(url, 'http://model.example.com');
  const [, deployment, rest] = AZURE.exec(pathname) ?? [];
  const type = headers['content-type'] ?? '';
  const text = type.startsWith('multipart/') ? '' : body.toString();
  const json = type.includes('json') ? parsed(text) : undefined;
  const named = typeof json?.['model'] === 'string' ? json['model'] : '';
  // Azure asks the deployment, whatever the body says.
  const model = deployment === undefined ? named : decodeURIComponent(deployment);
  return {
    method,
    route: rest === undefined ? pathname : `/v1${rest}`,
    url,
    query: searchParams,
    headers,
    text: type.startsWith('multipart/') ? body.toString('latin1') : text,
    json,
    ...(type.startsWith('multipart/') && { form: await new Response(body, { headers: { 'content-type': type } }).formData() }),
    vendor: rest !== undefined ? 'azure' : headers['anthropic-version'] === undefined ? 'openai' : 'anthropic',
    model,
    abandoned: false,
  };
}

/** The same question has the same id, so that the answers to two clients can be compared byte by byte. */
export function idOf(prefix: string, { method, route, text, form }: ModelRequest, part = ''): string {
  const asked = form === undefined ? text : [...form.keys()].join();
  return `${prefix}${createHash('sha256').update([method, route, asked, part].join('\n')).digest('hex').slice(0, 24)}`;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
