import { foldConfusables } from './confusables.ts';
import { decodeOnce } from './decoders.ts';
import { separateInvisible } from './invisible-characters.ts';

export interface NormalisedText {
  /** At most 8 readings of the text, lower case; the first is the plain normalised text. */
  views: string[];
  /** How each view came about: `plain`, `hidden`, `folded`, `joined`, `leet`, `decoded`. Parallel to `views`. */
  sources: ViewSource[];
  /** What was found on the way: hidden characters, styled letters, stacked marks, `decoded:<encoding>`. */
  flags: string[];
}
export type ViewSource = 'plain' | 'hidden' | 'folded' | 'joined' | 'leet' | 'decoded';

const MAX_CHARS = 60_000;
const MAX_VIEWS = 8;

/** Readings of a text with its disguises taken off. Linear in the text, bounded by 60,000 characters and decoding depth 2. */
export function normalise(text: string): NormalisedText {
  const input = text.length > MAX_CHARS ? text.slice(0, MAX_CHARS) : text;
  const { visible, hidden, flags } = separateInvisible(input);
  const found = new Set<string>(flags);
  const views: string[] = [];
  const sources: ViewSource[] = [];
  const add = (source: ViewSource, view: string): void => {
    if (views.length >= MAX_VIEWS || (views.length > 0 && (view === '' || views.includes(view)))) return;
    views.push(view);
    sources.push(source);
  };

  const letters = plainLetters(visible, found);
  const plain = squeeze(letters);
  add('plain', plain);
  if (hidden !== '') add('hidden', plainView(hidden));
  const folded = foldConfusables(withoutDecoration(letters));
  add('folded', squeeze(folded));
  const joined = joinSpacedLetters(folded);
  if (joined !== folded) add('joined', squeeze(joined));
  for (const leet of readLeet(joined)) add('leet', squeeze(leet));

  const first = decodeOnce(visible);
  const second = first.flatMap(({ text: decoded }) => decodeOnce(decoded.slice(0, MAX_CHARS)));
  for (const { encoding } of [...first, ...second]) found.add(`decoded:${encoding}`);
  add('decoded', decodedView(first));
  add('decoded', decodedView(second));
  return { views, sources, flags: [...found] };
}

/** Compatibility forms undone, marks stripped, lower case. */
function plainLetters(visible: string, flags: Set<string>): string {
  if (ASCII.test(visible)) return visible.toLowerCase();
  if ((visible.match(STYLED)?.length ?? 0) >= 4) flags.add('styled-letters');
  const decomposed = visible.toLowerCase().normalize('NFKD');
  const bare = decomposed.replace(MARKS, '');
  // Natural languages mark one letter in five or six; more is decoration.
  if ((decomposed.length - bare.length) * 3 > bare.length && LATIN_WITH_MARK.test(decomposed)) flags.add('stacked-marks');
  // Recompose for the scripts whose letters decompose without being decorated (Korean, Japanese). Styled capitals lose their case here.
  return bare.normalize('NFC').toLowerCase();
}

const plainView = (text: string): string => squeeze(foldConfusables(withoutDecoration(plainLetters(separateInvisible(text).visible, new Set()))));

const decodedView = (decoded: readonly { text: string }[]): string =>
  decoded.length === 0
    ? ''
    : plainView(
        decoded
          .map(({ text }) => text)
          .join('\n')
          .slice(0, MAX_CHARS),
      );

/** Runs of white space to one space, or one line feed where the run holds one. */
const squeeze = (text: string): string =>
  text
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n[ \n]*/g, '\n')
    .trim();

/** Markdown emphasis and string concatenation: marks within a word that a reader's eye skips. */
const withoutDecoration = (text: string): string => text.replace(CONCATENATION, '').replace(/[*`~]+|\b_{1,3}|_{1,3}\b/g, '');

/** `i g n o r e` and `i.g.n.o.r.e` to `ignore`; a wider gap ends the word. */
function joinSpacedLetters(text: string): string {
  if (!SPACED_WORD.test(text)) return text;
  return text.replace(SPACED_LETTERS, (run) => run.replace(/[\s._\-|/,·•]/g, ''));
}

function readLeet(text: string): string[] {
  if (!LEET_IN_WORD.test(text)) return [];
  const common = text.replace(/[034578@$€+]/g, (sign) => LEET[sign] ?? sign);
  return /[1!|]/.test(common) ? [common.replace(/[1!|]/g, 'i'), common.replace(/[1!|]/g, 'l')] : [common];
}

const ASCII = /^[\0-\x7f]*$/;
const STYLED = /[\uff21-\uff3a\uff41-\uff5a\u24b6-\u24e9\u2100-\u214f\u{1d400}-\u{1d7ff}\u{1f110}-\u{1f189}]/gu;
/** Combining diacritics of Latin, Cyrillic and Greek, and Arabic vowel signs. */
// oxlint-disable-next-line no-misleading-character-class -- combining marks alone are the target
const MARKS = /[\u0300-\u036f\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+/g;
const LATIN_WITH_MARK = /[a-z][\u0300-\u036f]/;
const CONCATENATION = /["'`][ \t\n]{0,4}[+.&][ \t\n]{0,4}["'`]/g;
const SPACED_LETTERS = /(?<![\p{L}\p{N}])\p{L}(?:[ \n._\-|/,·•]\p{L}(?![\p{L}\p{N}]))+/gu;
/** Four single letters in a row: initials and lists rarely get there, and short words follow once one word is spaced. */
const SPACED_WORD = /(?<![\p{L}\p{N}])\p{L}(?:[ \n._\-|/,·•]\p{L}(?![\p{L}\p{N}])){3}/u;
const LEET_IN_WORD = /[a-z][01345789@$!|+€]|[01345789@$!|+€][a-z]/;
const LEET: Readonly<Record<string, string>> = { '0': 'o', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', $: 's', '€': 'e', '+': 't' };
