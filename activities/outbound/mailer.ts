import { connect, type Socket } from 'node:net';
import { callbackify } from 'node:util';
import { createTransport } from 'nodemailer';
import { type AddressGuardOptions, createAddressGuard, pinnedLookup } from './address-guard.ts';
import { bareHost } from './allowed-targets.ts';
import { OutboundRefused } from './outbound-error.ts';

export interface MailerOptions extends AddressGuardOptions {
  /** `smtp://user:password@host:587`, which must offer STARTTLS unless `allowPrivate` names it, or `smtps://…` for TLS from the start. */
  url: string;
  /** `MastGuard <reviews@example.com>` */
  from: string;
  /** For one message, from the queue to the server's answer. */
  timeoutMs?: number;
}

export interface OutgoingMail {
  /** One bare address. */
  to: string;
  subject: string;
  text: string;
  html: string;
  /** `<…@host>`. The same id for the same message, so that a repeated one is seen as such by the receiver. */
  messageId: string;
}

export interface Mailer {
  /** Throws `MailFailed`. */
  send: (mail: OutgoingMail) => Promise<{ accepted: boolean; response: string }>;
  close: () => void;
}

/** Has no cause on purpose: servers quote the recipient in what they answer. */
export class MailFailed extends Error {
  override readonly name = 'MailFailed';
  /** True when sending the same again would fail again. */
  readonly permanent: boolean;
  /** What the server answered, null where it did not. */
  readonly responseCode: number | null;

  constructor(detail: string, { permanent, responseCode = null }: { permanent: boolean; responseCode?: number | null }) {
    super(detail);
    this.permanent = permanent;
    this.responseCode = responseCode;
  }
}

/** Sends mail over a few connections that are kept. The server's addresses are tested as those of webhooks are. */
export function createMailer({ url, from, timeoutMs = 60_000, allowPrivate, lookup }: MailerOptions): Mailer {
  const server = readMailUrl(url);
  const guard = createAddressGuard({ ...(allowPrivate && { allowPrivate }), ...(lookup && { lookup }) });
  let closed = false;

  const openSocket = async (): Promise<{ connection: Socket; requireTLS: boolean }> => {
    const { addresses, allowed, named } = await guard.resolve(server.host, server.port);
    if (!allowed && !MAIL_PORTS.has(server.port)) throw new OutboundRefused('port-refused', server.host);
    const socket = connect({ host: server.host, port: server.port, lookup: pinnedLookup(addresses), autoSelectFamily: true, timeout: CONNECT_TIMEOUT_MS });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
      socket.once('timeout', () => socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    });
    socket.removeAllListeners('timeout').setTimeout(0);
    // Messages carry links that decide, so they do not travel in clear. A network in `allowPrivate` says where mail may go, not how.
    return { connection: socket, requireTLS: !named && !server.secure };
  };

  const transport = createTransport(
    {
      pool: true,
      host: server.host,
      port: server.port,
      secure: server.secure,
      ...(server.auth === null ? {} : { auth: server.auth }),
      getSocket: (_options: unknown, callback: (error: Error | null, opened: Awaited<ReturnType<typeof openSocket>>) => void) =>
        callbackify(openSocket)(callback),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: 30_000,
      maxConnections: 3,
      // Once, for a kept connection that the server has dropped meanwhile. Later attempts are the workflow's.
      maxRequeues: 1,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from, headers: { 'Auto-Submitted': 'auto-generated' } },
  );

  return {
    async send({ to, subject, text, html, messageId }) {
      if (!BARE_ADDRESS.test(to)) throw new MailFailed('the recipient is not one mail address', { permanent: true });
      if (closed) throw new MailFailed('the mailer is closed', { permanent: false });
      try {
        const signal = AbortSignal.timeout(timeoutMs);
        const sent = await transport.sendMail({ to: { name: '', address: to }, subject, text, html, messageId, signal });
        return { accepted: sent.accepted.length > 0, response: sent.response };
      } catch (error) {
        throw mailFailure(error);
      }
    },
    close() {
      closed = true;
      transport.close();
    },
  };
}

function readMailUrl(text: string): { host: string; port: number; secure: boolean; auth: { user: string; pass: string } | null } {
  if (!URL.canParse(text)) throw new OutboundRefused('bad-url', '');
  const url = new URL(text);
  const secure = url.protocol === 'smtps:';
  if (!secure && url.protocol !== 'smtp:') throw new Error('a mail server is smtp:// or smtps://');
  // nodemailer would take `?tls.rejectUnauthorized=false` and more from here; ignoring it silently would be no better.
  if (url.search !== '' || url.hostname === '') throw new OutboundRefused('bad-url', url.hostname);
  const auth = url.username === '' ? null : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  return { host: bareHost(url).toLowerCase(), port: Number(url.port) || (secure ? 465 : 587), secure, auth };
}

function mailFailure(error: unknown): MailFailed {
  if (error instanceof OutboundRefused) return new MailFailed(`the mail server is refused (${error.code})`, { permanent: true });
  const { code = 'unknown', responseCode } = error as { code?: string; responseCode?: number };
  if (responseCode !== undefined) return new MailFailed(`the mail server answered ${responseCode}`, { permanent: responseCode >= 500, responseCode });
  // Without an answer an envelope is only refused by the library itself: it found no recipient it could use.
  if (code === 'EENVELOPE') return new MailFailed('the recipient is not one mail address', { permanent: true });
  return new MailFailed(`the mail server did not take the message (${code})`, { permanent: false });
}

const CONNECT_TIMEOUT_MS = 10_000;
const MAIL_PORTS: ReadonlySet<number> = new Set([25, 465, 587, 2525]);
// eslint-disable-next-line no-control-regex -- control characters are what it keeps out
const BARE_ADDRESS = /^[^\s\u0000-\u001f\u007f"(),:;<>@[\\\]]{1,64}@[^\s\u0000-\u001f\u007f"(),:;<>@[\\\]]{1,253}$/;
