import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { type CaughtMail, readMail } from './read-mail.ts';

export interface MailCatcher {
  /** `smtp://127.0.0.1:port`. Takes every user and password, and mail without. */
  url: string;
  /** For `allowPrivate`. */
  target: string;
  /** All that came, oldest first. */
  messages: CaughtMail[];
  /** The user names that signed in. */
  users: string[];
  /** The first message, then the second one, and so on; waits for it. */
  next: () => Promise<CaughtMail>;
  /** Answers recipients with this code from now on, quoting the address as servers do; null accepts again. */
  refuse: (code: number | null) => void;
  /** Breaks the connections that are open. */
  drop: () => void;
  close: () => Promise<void>;
}

/** A real mail server on a free port of loopback that keeps whatever it is sent. */
export async function startMailCatcher(): Promise<MailCatcher> {
  const messages: CaughtMail[] = [];
  const users: string[] = [];
  const waiting: ((message: CaughtMail) => void)[] = [];
  let taken = 0;
  let refusal: number | null = null;

  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth(auth, _session, callback) {
      users.push(auth.username ?? '');
      callback(null, { user: auth.username });
    },
    onRcptTo({ address }, _session, callback) {
      callback(refusal === null ? null : Object.assign(new Error(`<${address}> is not wanted here`), { responseCode: refusal }));
    },
    onData(stream, { envelope }, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
      stream.on('end', () => {
        const message = readMail(
          Buffer.concat(chunks).toString('utf8'),
          envelope.rcptTo.map(({ address }) => address),
        );
        messages.push(message);
        waiting.shift()?.(message);
        callback(null, 'kept');
      });
    },
  });
  // A client that goes away is none of a test's business.
  server.on('error', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const target = `127.0.0.1:${(server.server.address() as AddressInfo).port}`;

  return {
    url: `smtp://${target}`,
    target,
    messages,
    users,
    next() {
      const message = messages[taken];
      taken += 1;
      return message === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(message);
    },
    refuse: (code) => void (refusal = code),
    drop() {
      for (const connection of server.connections) connection.close();
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
