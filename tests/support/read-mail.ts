export interface CaughtMail {
  /** The recipients of the envelope, whatever the headers say. */
  to: string[];
  subject: string;
  text: string;
  html: string;
  /** Names in small letters, values unfolded and decoded; the last one of a name. */
  headers: Record<string, string>;
  raw: string;
}

/** Reads a mail as nodemailer writes them: one text, or text and HTML as alternatives. */
export function readMail(raw: string, to: string[]): CaughtMail {
  const parts = partsOf(raw);
  const { headers } = splitPart(raw);
  const bodyOf = (type: string): string => parts.find((part) => part.type === type)?.body ?? '';
  return { to, subject: headers['subject'] ?? '', text: bodyOf('text/plain'), html: bodyOf('text/html'), headers, raw };
}

function partsOf(raw: string): { type: string; body: string }[] {
  const { headers, body } = splitPart(raw);
  const contentType = headers['content-type'] ?? 'text/plain';
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) return [{ type: contentType.split(';')[0]?.trim() ?? '', body: decodeBody(body, headers['content-transfer-encoding'] ?? '') }];
  // Before the first delimiter is a preamble, after the last one "--".
  const inner = `\r\n${body}`.split(`\r\n--${boundary}`).slice(1, -1);
  return inner.flatMap((part) => partsOf(part.replace(/^\r\n/, '')));
}

function splitPart(raw: string): { headers: Record<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n');
  const head = (end < 0 ? raw : raw.slice(0, end)).replaceAll(/\r\n[ \t]+/g, ' ');
  const lines = head.split('\r\n').map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())];
  });
  return { headers: Object.fromEntries(lines) as Record<string, string>, body: end < 0 ? '' : raw.slice(end + 4) };
}

function decodeBody(body: string, encoding: string): string {
  const text = encoding.toLowerCase() === 'base64' ? Buffer.from(body, 'base64').toString('utf8') : body;
  const plain = encoding.toLowerCase() === 'quoted-printable' ? decodeEscapes(text.replaceAll(/=\r\n/g, '')) : text;
  return plain.replaceAll('\r\n', '\n').trimEnd();
}

/** RFC 2047: `=?UTF-8?Q?…?=` and `=?UTF-8?B?…?=`. White space between two of them is none. */
function decodeWords(text: string): string {
  return text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_word, encoding: string, encoded: string) =>
      encoding.toLowerCase() === 'b' ? Buffer.from(encoded, 'base64').toString('utf8') : decodeEscapes(encoded.replaceAll('_', ' ')),
    );
}

const decodeEscapes = (text: string): string => text.replaceAll(/(?:=[0-9A-F]{2})+/gi, (run) => Buffer.from(run.replaceAll('=', ''), 'hex').toString('utf8'));
