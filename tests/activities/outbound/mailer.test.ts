import { createServer, type Server } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { inspect } from 'node:util';
import tlsDefaults from 'smtp-server/lib/tls-options.js';
import { createMailer, type Mailer, type MailerOptions, type OutgoingMail } from '../../../activities/outbound/mailer.ts';
import { startMailCatcher, type MailCatcher } from '../../support/mail-catcher.ts';

const mail: OutgoingMail = {
  to: 'ann@example.com',
  subject: 'Decision needed – refund',
  text: 'Zwölf Zeichen: äöüß€\n.\nA line with a dot, and one that is long: '.padEnd(300, 'x'),
  html: '<p>Zwölf &amp; mehr</p>',
  messageId: '<rev_1.asked.ann@mastguard.example>',
};

let catcher: MailCatcher;
const mailers: Mailer[] = [];
const servers: Server[] = [];

beforeEach(async () => {
  catcher = await startMailCatcher();
});

afterEach(async () => {
  for (const mailer of mailers.splice(0)) mailer.close();
  for (const server of servers.splice(0)) server.close();
  await catcher.close();
});

function mailerTo(url: string, options: Partial<MailerOptions> = {}): Mailer {
  const mailer = createMailer({ url, from: 'MastGuard <reviews@example.com>', allowPrivate: [catcher.target], ...options });
  mailers.push(mailer);
  return mailer;
}

async function failureOf(promise: Promise<unknown>): Promise<{ permanent: boolean; responseCode: number | null; message: string }> {
  const outcome = await promise.then(
    () => 'sent',
    (error: unknown) => error,
  );
  expect(outcome).toMatchObject({ name: 'MailFailed' });
  expect(inspect(outcome, { depth: 9, showHidden: true })).not.toMatch(/ann|s3cret/);
  return outcome as { permanent: boolean; responseCode: number | null; message: string };
}

/** A server that says what `talk` says, on a port of its own. */
async function talker(talk: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    talk(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a mail arrives as it was given, marked as automatic, under the id of the caller', async () => {
  const { accepted, response } = await mailerTo(catcher.url.replace('//', '//ann%40example.com:s3cret@')).send(mail);
  expect([accepted, response]).toEqual([true, expect.stringContaining('250')]);
  const caught = await catcher.next();
  expect(caught).toMatchObject({ to: [mail.to], subject: mail.subject, text: mail.text, html: mail.html });
  expect(caught.headers).toMatchObject({ 'message-id': mail.messageId, 'auto-submitted': 'auto-generated', from: 'MastGuard <reviews@example.com>' });
  expect(catcher.users).toEqual(['ann@example.com']);
});

test('no field can add a header or a recipient', async () => {
  const mailer = mailerTo(catcher.url);
  const injected = '\r\nBcc: eve@example.com\r\nX-Injected: yes\r\n\r\nbody';
  await mailer.send({
    ...mail,
    subject: `s${injected}`,
    messageId: `<id@example.com>${injected}`,
    text: '.\r\nMAIL FROM:<eve@example.com>\r\n',
    html: injected,
  });
  const caught = await catcher.next();
  expect(caught.to).toEqual([mail.to]);
  expect(Object.keys(caught.headers)).not.toEqual(expect.arrayContaining(['bcc']));
  expect(Object.keys(caught.headers)).not.toEqual(expect.arrayContaining(['x-injected']));
  for (const to of [`ann@example.com${injected}`, 'ann@example.com, eve@example.com', 'Ann <ann@example.com>', 'ann', '', 'ann@example.com\0']) {
    expect(await failureOf(mailer.send({ ...mail, to }))).toMatchObject({ permanent: true });
  }
  expect(catcher.messages).toHaveLength(1);
});

test('a body cannot name a file to send', async () => {
  const path = { path: '/etc/hostname' } as unknown as string;
  expect(await failureOf(mailerTo(catcher.url).send({ ...mail, html: path }))).toMatchObject({ permanent: false });
  expect(catcher.messages).toEqual([]);
});

test('a 5xx is for good, a 4xx is not, and neither tells the address; the next mail goes through', async () => {
  const mailer = mailerTo(catcher.url);
  catcher.refuse(550);
  expect(await failureOf(mailer.send(mail))).toMatchObject({ permanent: true, responseCode: 550 });
  catcher.refuse(451);
  expect(await failureOf(mailer.send(mail))).toMatchObject({ permanent: false, responseCode: 451 });
  catcher.refuse(null);
  expect(await mailer.send(mail)).toMatchObject({ accepted: true });
});

test('a kept connection that the server has dropped costs no mail', async () => {
  const mailer = mailerTo(catcher.url);
  await mailer.send(mail);
  catcher.drop();
  await mailer.send({ ...mail, subject: 'second' });
  expect(catcher.messages.map(({ subject }) => subject)).toEqual([mail.subject, 'second']);
});

test('a server that is away, breaks or says nothing is a passing failure', async () => {
  const silent = await talker(() => undefined);
  const breaking = await talker((socket) => socket.destroy());
  const slow = await talker((socket) => {
    const timer = setInterval(() => socket.write('220-wait\r\n'), 20);
    socket.on('close', () => clearInterval(timer));
  });
  for (const target of ['127.0.0.1:1', silent, breaking, slow]) {
    const mailer = mailerTo(`smtp://${target}`, { allowPrivate: [target], timeoutMs: 300 });
    expect(await failureOf(mailer.send(mail))).toMatchObject({ permanent: false, responseCode: null });
  }
});

test('a mail server on a private address is refused unless an operator allows it, and the tested address is the one that is used', async () => {
  const refused = await failureOf(mailerTo(catcher.url, { allowPrivate: [] }).send(mail));
  expect(refused).toMatchObject({ permanent: true, message: 'the mail server is refused (address-blocked)' });
  const port = catcher.target.split(':')[1];
  let lookups = 0;
  const lookup = async (): Promise<string[]> => {
    lookups += 1;
    return lookups === 1 ? ['127.0.0.1'] : ['192.0.2.1'];
  };
  expect(await mailerTo(`smtp://mail.example:${port}`, { lookup, allowPrivate: [`mail.example:${port}`] }).send(mail)).toMatchObject({ accepted: true });
  expect(lookups).toBe(1);
});

test('neither a password nor a mail travels in clear to a server that the operator has not named', async () => {
  const said: string[] = [];
  const target = await talker((socket) => {
    socket.write('220 mail.example ESMTP\r\n');
    socket.on('data', (data) => {
      said.push(String(data));
      socket.write(String(data).startsWith('EHLO') ? '250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n' : '502 not here\r\n');
    });
  });
  const mailer = mailerTo(`smtp://ann:s3cret@${target}`, { allowPrivate: ['127.0.0.0/8'] });
  await failureOf(mailer.send(mail));
  expect(said.map((line) => line.split(/\s/)[0])).toEqual(['EHLO', 'STARTTLS']);
});

test('smtps is TLS from the first byte, under a certificate that somebody vouches for', async () => {
  const names: string[] = [];
  const server = createTlsServer({
    ...tlsDefaults(),
    SNICallback: (name, done) => {
      names.push(name);
      done(null);
    },
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const mailer = mailerTo(`smtps://mail.example:${port}`, { lookup: async () => ['127.0.0.1'], allowPrivate: [`mail.example:${port}`] });
  expect(await failureOf(mailer.send(mail))).toMatchObject({ permanent: false, responseCode: null });
  expect(names).toEqual(['mail.example']);
});

test.each(['https://mail.example', 'smtp://mail.example:587/?tls.rejectUnauthorized=false', 'smtp://', 'mail.example'])('%s is no mail server', (url) => {
  expect(() => mailerTo(url)).toThrow();
});

test('a closed mailer takes nothing more', async () => {
  const mailer = mailerTo(catcher.url);
  await mailer.send(mail);
  mailer.close();
  expect(await failureOf(mailer.send(mail))).toMatchObject({ permanent: false });
});
