import { readMail } from './read-mail.ts';

const lines = (...all: string[]): string => all.join('\r\n');

test('alternatives, encodings and folded headers are read as they were meant', () => {
  const raw = lines(
    'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe=2C_?=',
    ' =?UTF-8?B?w6TDtsO8?=',
    'Content-Type: multipart/alternative;',
    ' boundary="--_x"',
    '',
    '----_x',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'a=3Db =E2=82=AC soft=',
    'break',
    '----_x',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('<p>ü</p>').toString('base64'),
    '----_x--',
    '',
  );
  expect(readMail(raw, ['a@b.c'])).toMatchObject({ to: ['a@b.c'], subject: 'Grüße, äöü', text: 'a=b € softbreak', html: '<p>ü</p>' });
});

test('a mail of one text has no HTML', () => {
  expect(readMail(lines('Subject: s', '', 'hello', ''), [])).toMatchObject({ subject: 's', text: 'hello', html: '' });
});
