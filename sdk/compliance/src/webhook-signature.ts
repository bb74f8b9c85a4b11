import { MastGuardWebhookVerificationError } from './errors.ts';

/** Headers as a server has them: `Headers`, or Node's and Express's object. */
export type WebhookHeaders = { get(name: string): string | null } | Record<string, string | readonly string[] | undefined>;

/** The value of the header `x-mastguard-signature`, or all headers. A request without the header has none to give. */
export type GivenSignature = string | WebhookHeaders | null | undefined;

/** What a message says of itself. Nothing of it is checked yet. */
export interface ClaimedSignature {
  id: string;
  /** Unix seconds, as text. */
  timestamp: string;
  /** By scheme: `v1` or `v1a`, in base64. Several of a scheme while a secret is rotated. */
  signatures: (readonly [scheme: string, signature: string])[];
}

/**
 * Reads the three headers of Standard Webhooks, or the one that holds all of it: `x-mastguard-signature: t=…,id=…,v1=…`.
 * @throws MastGuardWebhookVerificationError `no-signature`
 */
export function readSignature(given: GivenSignature): ClaimedSignature {
  if (typeof given !== 'object' || given === null) return readCombined(given ?? '');
  const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) => headerOf(given, `webhook-${name}`));
  if (id && timestamp && signature) {
    return { id, timestamp, signatures: signature.split(' ').map((part) => cut(part, ',')) };
  }
  return readCombined(headerOf(given, 'x-mastguard-signature') ?? '');
}

function readCombined(header: string): ClaimedSignature {
  const parts = header.split(',').map((part) => cut(part.trim(), '='));
  const [timestamp, id] = ['t', 'id'].map((wanted) => parts.find(([name]) => name === wanted)?.[1]);
  if (!id || !timestamp) {
    throw new MastGuardWebhookVerificationError('no signature: give the value of the header `x-mastguard-signature`, or all headers of the request', {
      code: 'no-signature',
    });
  }
  return { id, timestamp, signatures: parts.filter(([name]) => name !== 't' && name !== 'id') };
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  if (typeof headers['get'] === 'function') return (headers as { get(name: string): string | null }).get(name) ?? undefined;
  const [, value] = Object.entries(headers as Record<string, string | readonly string[] | undefined>).find(([key]) => key.toLowerCase() === name) ?? [];
  return typeof value === 'string' ? value : value?.join(' ');
}

function cut(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
