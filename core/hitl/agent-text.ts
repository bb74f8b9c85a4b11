/**
 * Text that came from an agent, made safe to read beside our own: one line, nothing in it that does not show, nothing that a mail or chat
 * client would turn into a link or a mention by itself. Markup is the channel's to escape. At most `maxLength` code units.
 */
export function agentText(text: string, maxLength: number): string {
  const line = text.replaceAll(/\s+/gu, ' ').trim();
  // What is longer by far than what can show is not worth rewriting.
  const shown = line.slice(0, maxLength + 1).replaceAll(HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}}`);
  return cut(shown.replaceAll('://', '[:]//').replaceAll(JOINT, `$&${WORD_JOINER}`), maxLength);
}

/** Ends with an ellipsis where something was left out; no character is cut in two. */
function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** Controls, format characters (bidirectional overrides, zero-width ones, tags), private use and lone surrogates. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;

/**
 * Where clients see a host name, an address, a mention or a network share: a dot of any script or an at sign inside a word, two backslashes.
 * Clients know `payments.transfer` from a domain as little as we do, so it is broken as well, in a way that leaves it readable.
 */
const JOINT = /[.\u3002\uFF0E\uFF61@\uFF20](?=\S)|\\(?=\\)/gu;

/** Takes no room and breaks no line, but ends a host name for whoever looks for one. */
const WORD_JOINER = '\u2060';
