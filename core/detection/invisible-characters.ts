export type HiddenFlag = 'tag-characters' | 'variation-selectors' | 'zero-width' | 'soft-hyphen' | 'bidi-control';

export interface VisibleText {
  visible: string;
  /** Text smuggled in tag characters or variation selectors; empty when there was none. */
  hidden: string;
  flags: HiddenFlag[];
}

/** Separates what a person sees from what only a model reads. One pass, linear. */
export function separateInvisible(text: string): VisibleText {
  const flags = new Set<HiddenFlag>();
  if (!INVISIBLE.test(text)) return { visible: text, hidden: '', flags: [] };
  const tags: string[] = [];
  const withoutTags = text.replace(TAG_RUN, (run: string, black: string | undefined) => {
    // A black flag and up to eight tags is a subdivision flag such as Scotland's.
    if (black !== undefined && run.length <= 2 + 8 * 2) return black;
    flags.add('tag-characters');
    tags.push(decodeTags(run));
    return black ?? '';
  });
  const withoutSelectors = withoutTags.replace(SELECTOR_RUN, (run: string) => {
    const points = Array.from(run, (character) => character.codePointAt(0) ?? 0);
    // One selector styles an emoji; a row of them carries bytes.
    if (points.length >= 4) {
      flags.add('variation-selectors');
      tags.push(decodeSelectors(points));
    }
    return '';
  });
  if (ZERO_WIDTH_IN_WORD.test(withoutSelectors)) flags.add('zero-width');
  if (SOFT_HYPHEN_IN_WORD.test(withoutSelectors)) flags.add('soft-hyphen');
  if (BIDI_OVERRIDE.test(withoutSelectors)) flags.add('bidi-control');
  return { visible: withoutSelectors.replace(IGNORABLE, ''), hidden: tags.join('\n'), flags: [...flags] };
}

const decodeTags = (run: string): string => {
  let decoded = '';
  for (const character of run) {
    const ascii = (character.codePointAt(0) ?? 0) - 0xe0000;
    if (ascii >= 0x20 && ascii < 0x7f) decoded += String.fromCharCode(ascii);
  }
  return decoded;
};

/** Selectors 1 to 16 stand for bytes 0 to 15, 17 to 256 for the rest. */
const decodeSelectors = (points: readonly number[]): string => {
  let decoded = '';
  for (const point of points) {
    const byte = point >= 0xe0100 ? point - 0xe0100 + 16 : point - 0xfe00;
    if (byte >= 0x20 && byte < 0x7f) decoded += String.fromCharCode(byte);
  }
  return decoded;
};

const INVISIBLE =
  // oxlint-disable-next-line no-misleading-character-class -- lone invisible characters are the target
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\u{e0000}-\u{e01ef}]/u;
const TAG_RUN = /(\u{1f3f4})?[\u{e0000}-\u{e007f}]+/gu;
// oxlint-disable-next-line no-misleading-character-class -- selectors alone are the target
const SELECTOR_RUN = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]+/gu;
// oxlint-disable-next-line no-misleading-character-class -- lone invisible characters are the target
const IGNORABLE = /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]+/g;
/** Joiners have honest uses in emoji, Persian and Indic text; between Latin letters they have none. */
// oxlint-disable-next-line no-misleading-character-class -- joiners alone are the target
const ZERO_WIDTH_IN_WORD = /[A-Za-z][\u200b-\u200d\u2060-\u2064\ufeff\u034f\u180e]+[A-Za-z]/;
const SOFT_HYPHEN_IN_WORD = /[A-Za-z]\u00ad+[A-Za-z]/;
const BIDI_OVERRIDE = /[\u202d\u202e\u2066\u2067]/;
