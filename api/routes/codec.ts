import { Router } from 'express';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { Authenticator } from '../access/authenticator.ts';
import { contextOf } from '../context.ts';
import { authenticate } from '../middleware/authenticate.ts';
import { jsonBody } from '../middleware/json-body.ts';
import { HttpProblem } from '../problem.ts';
import { detailsOf } from '../validation.ts';

/** A Temporal payload in memory. */
export interface RawPayload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

export interface CodecRouterOptions {
  codec: {
    decode(payloads: RawPayload[]): Promise<RawPayload[]>;
    /** Encrypts as the organisation's own runs do. */
    encodeFor(orgId: string, payloads: RawPayload[]): Promise<RawPayload[]>;
  };
  authenticator: Pick<Authenticator, 'byKey' | 'bySessionToken'>;
  publicOrigin: string;
  /** Origin of the Temporal UI, the one other site that may ask with a member's session; undefined: none. */
  temporalUiOrigin: string | undefined;
}

/** A page of history in the Temporal UI is 4 MiB at most, a third more in base64. */
const MAX_BYTES = 8 * 1024 * 1024;

const Base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, 'must be base64');
const WirePayload = z.looseObject({ metadata: z.record(z.string(), Base64).nullish(), data: Base64.nullish() });
const WirePayloads = z.looseObject({ payloads: z.array(WirePayload).max(10_000) });
type WirePayload = z.infer<typeof WirePayload>;

/**
 * The remote codec of the Temporal UI and CLI: `POST /codec/decode` and `/codec/encode` with `{payloads}` in proto JSON, answered in the
 * same form. Decodes what the caller's own organisation has written and returns the rest as it came; encodes under that organisation's key,
 * which the CLI needs for queries, signals and updates.
 */
export function createCodecRouter({ codec, authenticator, publicOrigin, temporalUiOrigin }: CodecRouterOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const allowTemporalUi = crossOrigin(temporalUiOrigin);

  const serve = (path: string, transform: (payload: WirePayload, orgId: string) => Promise<WirePayload>): void => {
    const noteRoute = note(path);
    router.options(path, noteRoute, allowTemporalUi, (_req, res) => void res.status(204).end());
    router.post(
      path,
      noteRoute,
      allowTemporalUi,
      authenticate(authenticator),
      knownOrigin([publicOrigin, temporalUiOrigin]),
      mayReadHistory,
      jsonBody({ maxBytes: MAX_BYTES, recordRefusal: async () => undefined }),
      async (_req, res) => {
        const { body, principal } = contextOf(res);
        const parsed = WirePayloads.safeParse(body, { reportInput: false });
        if (!parsed.success) throw new HttpProblem('validation-failed', { errors: detailsOf(parsed.error.issues) });
        res.json({ payloads: await Promise.all(parsed.data.payloads.map((payload) => transform(payload, principal?.orgId ?? ''))) });
      },
    );
    router.all(path, noteRoute, () => {
      throw new HttpProblem('method-not-allowed', { headers: { Allow: 'POST, OPTIONS' } });
    });
  };
  serve('/codec/decode', (payload, orgId) => decodeOwn(payload, `v1:${orgId}`, codec));
  serve('/codec/encode', async (payload, orgId) => {
    const [encoded] = await codec.encodeFor(orgId, [{ metadata: metadataOf(payload), data: Buffer.from(payload.data ?? '', 'base64') }]);
    return encoded === undefined ? payload : wireOf(encoded);
  });
  return router;
}

function note(path: string): RequestHandler {
  return (_req, res, next) => {
    contextOf(res).routePath = path;
    next();
  };
}

/** The Fetch standard's CORS for one origin, with its cookies. */
function crossOrigin(allowedOrigin: string | undefined): RequestHandler {
  return (req, res, next) => {
    res.vary('Origin');
    if (allowedOrigin !== undefined && req.get('origin') === allowedOrigin) {
      res.setHeader('Access-Control-Allow-Origin', allowedOrigin);
      res.setHeader('Access-Control-Allow-Credentials', 'true');
      if (req.method === 'OPTIONS') {
        res.setHeader('Access-Control-Allow-Methods', 'POST');
        res.setHeader('Access-Control-Allow-Headers', 'content-type, x-namespace, authorization, x-api-key');
        res.setHeader('Access-Control-Max-Age', '600');
      }
    }
    next();
  };
}

/** A session may be used by our own pages and by the Temporal UI, and by no other page. */
function knownOrigin(origins: (string | undefined)[]): RequestHandler {
  return (req, res, next) => {
    const origin = req.get('origin');
    if (contextOf(res).principal?.kind === 'session' && (origin === undefined || !origins.includes(origin))) {
      throw new HttpProblem('not-permitted', { detail: 'a session is good for our pages and the Temporal UI only' });
    }
    next();
  };
}

/** History holds whole events: whoever may read the audit trail may read it. */
const mayReadHistory: RequestHandler = (_req, res, next) => {
  const scopes = contextOf(res).principal?.scopes ?? [];
  if (!scopes.includes('audit:read') && !scopes.includes('admin')) {
    throw new HttpProblem('missing-scope', { detail: 'this needs the scope audit:read', extras: { scope: 'audit:read' } });
  }
  next();
};

/** As it came where it is another's, not encrypted, or does not decrypt: which of them is not told. */
async function decodeOwn(payload: WirePayload, keyId: string, codec: CodecRouterOptions['codec']): Promise<WirePayload> {
  const metadata = metadataOf(payload);
  const textOf = (name: string): string | undefined => (Object.hasOwn(metadata, name) ? metadata[name]?.toString() : undefined);
  if (textOf('encoding') !== 'binary/encrypted' || textOf('encryption-key-id') !== keyId) return payload;
  try {
    const [plain] = await codec.decode([{ metadata, data: Buffer.from(payload.data ?? '', 'base64') }]);
    return plain === undefined ? payload : wireOf(plain);
  } catch {
    return payload;
  }
}

function metadataOf({ metadata }: WirePayload): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]));
}

function wireOf({ metadata, data }: RawPayload): WirePayload {
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, toBase64(value)])),
    data: toBase64(data ?? new Uint8Array()),
  };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
