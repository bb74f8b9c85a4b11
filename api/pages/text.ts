/** Text of which a table cell shows only the beginning. `full` is null where nothing was cut. */
export interface Clip {
  short: string;
  full: string | null;
}

export function clip(text: string, maxLength: number): Clip {
  const shown = visible(text);
  // By code point, so that no character is cut in two.
  const characters = Array.from(shown);
  if (characters.length <= maxLength) return { short: shown, full: null };
  return {
    short: `${characters
      .slice(0, maxLength - 1)
      .join('')
      .trimEnd()}…`,
    full: shown,
  };
}

/**
 * Writes characters that do not show as `\u{…}`: controls, format characters (bidirectional overrides, zero-width ones, tags), private use
 * and lone surrogates. A reviewer must see what the agent would use. Line breaks and tabs stay; templates escape the rest.
 */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    character === '\n' || character === '\t' ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}}`,
  );
}

/** JSON for reading, two spaces a level, nothing left out. */
export const visibleJson = (value: unknown): string => visible(JSON.stringify(value, null, 2));
