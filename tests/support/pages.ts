import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import pino from 'pino';
import { createAuthenticator } from '../../api/access/authenticator.ts';
import { createCredentialUses } from '../../api/access/credential-uses.ts';
import { createKeyDirectory } from '../../api/access/key-directory.ts';
import { pepperOf } from '../../api/access/key-secret.ts';
import { createReviewLinks, type ReviewLinks } from '../../api/access/review-link.ts';
import { createSignIn } from '../../api/access/sign-in.ts';
import { problemHandler } from '../../api/middleware/problem-handler.ts';
import { requestId } from '../../api/middleware/request-id.ts';
import { securityHeaders } from '../../api/middleware/security-headers.ts';
import { loadPages } from '../../api/pages.ts';
import { createRateLimiter } from '../../api/rate-limiter.ts';
import { createCodecRouter } from '../../api/routes/codec.ts';
import { createDashboardRouter } from '../../api/routes/dashboard.ts';
import { createReviewLinkRouter } from '../../api/routes/review-link.ts';
import { keyRoutes } from '../../api/routes/keys.ts';
import { reviewRoutes } from '../../api/routes/reviews.ts';
import { sessionRoutes } from '../../api/routes/session.ts';
import { sha256Hex } from '../../api/digest.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import { findKeyCredential } from '../../db/queries/keys.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import { findSession, touchCredentials } from '../../db/queries/sessions.ts';
import type { Decision } from '../../schemas/decision.ts';
import type { EventInput } from '../../schemas/event.ts';
import type { Json } from '../../schemas/json.ts';
import { createPayloadCodec } from '../../workers/payload-codec.ts';
import { MASTER_KEY, startApi } from './api.ts';
import type { TestApi } from './api.ts';

export const PASSWORD = 'correct horse battery staple';
export const TEMPORAL_UI = 'http://127.0.0.1:8233';

export interface TestPages {
  /** Organisation, members, keys and runtime of these pages; its own server is not used. */
  api: TestApi;
  baseUrl: string;
  codec: ReturnType<typeof createPayloadCodec>;
  links: ReviewLinks;
  send(method: string, path: string, options?: SendOptions): Promise<PageAnswer>;
  /** Signs in by the form and answers the cookie. */
  cookieOf(member: string): Promise<string>;
  decide(event: EventInput & { id: string }, options?: { orgId?: string; requester?: string }): Promise<Decision>;
  stop(): Promise<void>;
}

export interface SendOptions {
  cookie?: string;
  form?: Record<string, string> | [string, string][];
  json?: unknown;
  headers?: Record<string, string>;
}

export interface PageAnswer {
  status: number;
  headers: Headers;
  text: string;
}

/** Dashboard and codec on a port of their own, in front of a real database. */
export async function startPages(): Promise<TestPages> {
  const api = await startApi();
  const sql = api.database.appSql;
  const { now } = api;
  const server = createServer({ keepAliveTimeout: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const logger = pino({ level: 'info' }, { write: (line: string) => void api.log.push(line) });
  const pepper = pepperOf(MASTER_KEY);
  const keys = createKeyDirectory({ find: (keyId) => findKeyCredential(sql, { keyId }), now });
  const uses = createCredentialUses({ write: (pending) => touchCredentials(sql, pending), onError: () => undefined });
  const authenticator = createAuthenticator({ pepper, keys, findSession: (tokenHash) => findSession(sql, { tokenHash }), uses, sessionIdleMs: 1_800_000, now });
  const ledger = { append: async (record: Parameters<typeof appendRecords>[1][number]) => (await appendRecords(sql, [record]))[0] };
  const limiter = createRateLimiter({ limit: { burst: 4, windowMs: 60_000 }, now });
  // Every test of a file comes from one address.
  const networkLimiter = createRateLimiter({ limit: { burst: 1_000, windowMs: 60_000 }, now });
  const signIn = createSignIn({ sql, ledger, limiter, networkLimiter, sessionLifetimeMs: 43_200_000, logger, now });
  const codec = createPayloadCodec(MASTER_KEY);
  const links = createReviewLinks(MASTER_KEY);
  const pages = loadPages();

  const app = express();
  app.enable('case sensitive routing').enable('strict routing');
  app.use(requestId({ stopping: new AbortController().signal, now }), securityHeaders());
  app.use(
    createReviewLinkRouter({
      vault: api.vault,
      runtime: api.runtime,
      links,
      publicOrigin: baseUrl,
      pages,
      logger,
      now,
      limit: { burst: 20, windowMs: 60_000 },
    }),
    createDashboardRouter({
      vault: api.vault,
      handlers: {
        ...sessionRoutes({ sql, signIn, now }),
        ...reviewRoutes({ vault: api.vault, runtime: api.runtime }),
        ...keyRoutes({ sql, runtime: api.runtime, pepper, forgetKey: (keyId) => keys.forget(keyId), now }),
      },
      authenticator,
      publicOrigin: baseUrl,
      temporalUi: { url: TEMPORAL_UI, namespace: 'default' },
      pages,
      logger,
      now,
    }),
    createCodecRouter({ codec, authenticator, publicOrigin: baseUrl, temporalUiOrigin: TEMPORAL_UI }),
  );
  app.use(problemHandler({ logger, publicUrl: baseUrl }));
  server.on('request', app);

  const send: TestPages['send'] = async (method, path, { cookie, form, json, headers = {} } = {}) => {
    const body = form === undefined ? (json === undefined ? null : JSON.stringify(json)) : new URLSearchParams(form).toString();
    const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
    const answer = await fetch(baseUrl + path, {
      method,
      redirect: 'manual',
      body,
      headers: {
        ...(body === null ? {} : { 'Content-Type': type }),
        ...(form === undefined ? {} : { Origin: baseUrl }),
        ...(cookie === undefined ? {} : { Cookie: cookie }),
        ...headers,
      },
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };

  return {
    api,
    baseUrl,
    codec,
    links,
    send,
    async cookieOf(member) {
      const answer = await send('POST', '/sign-in', { form: { email: `${member}@example.com`, password: PASSWORD } });
      return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    },
    async decide(event, { orgId = api.orgId, requester = 'key:test0000' } = {}) {
      const digest = sha256Hex(canonicalize(event as unknown as Json));
      const outcome = await api.runtime.decide({ orgId, event, digest, requester, requestId: 'req_test', receivedAtMs: Date.now() });
      if (outcome.kind !== 'decided') throw new Error(`the event is ${outcome.kind}`);
      return outcome.decision;
    },
    async stop() {
      await uses.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await api.stop();
    },
  };
}

/** Visible text with the markup gone. */
export const textOf = ({ text }: PageAnswer): string =>
  text
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&#x27;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#x3D;', '=')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ');
