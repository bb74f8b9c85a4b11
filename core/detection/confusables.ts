/** Folds letters that look like Latin ones to those. Expects lower-case text; leaves everything else alone. */
export function foldConfusables(text: string): string {
  if (!NON_ASCII.test(text)) return text;
  let folded = '';
  for (const character of text) {
    folded += character < '\u0080' ? character : (LATIN_OF.get(character) ?? character);
  }
  return folded;
}

const NON_ASCII = /[^\0-\x7f]/;

/** Look-alikes by the Latin letter they pass for. Own selection: Cyrillic, Greek, Armenian, Latin extensions, small capitals. */
const LOOK_ALIKES: readonly (readonly [string, string])[] = [
  ['a', 'аαɑᴀꭺ'],
  ['b', 'вьβʙɓƀ'],
  ['c', 'сϲςᴄҫ'],
  ['d', 'ԁᴅđɗðժ'],
  ['e', 'еєεҽᴇɛə'],
  ['f', 'ƒꜰք'],
  ['g', 'ɡɢցǥ'],
  ['h', 'нһհʜħ'],
  ['i', 'іιıɩɪꙇ'],
  ['j', 'јȷᴊյϳ'],
  ['k', 'кκᴋƙқ'],
  ['l', 'ӏʟłǀƚլ'],
  ['m', 'мᴍṃ'],
  ['n', 'пηոɴŋռ'],
  ['o', 'оοσօᴏøɵө'],
  ['p', 'рρᴘþƥ'],
  ['q', 'ԛզǫ'],
  ['r', 'гᴦʀɾꭇ'],
  ['s', 'ѕꜱƽʂ'],
  ['t', 'тτᴛŧƭ'],
  ['u', 'υսᴜцμʊ'],
  ['v', 'νѵᴠʋ'],
  ['w', 'ωԝᴡաѡ'],
  ['x', 'хχ×ҳ'],
  ['y', 'уүγʏƴ'],
  ['z', 'ᴢʐƶ'],
];

const LATIN_OF = new Map<string, string>(LOOK_ALIKES.flatMap(([latin, alikes]) => Array.from(alikes, (alike): [string, string] => [alike, latin])));
// Negative circled, negative squared and regional-indicator letters have no compatibility mapping.
for (const start of [0x1f150, 0x1f170, 0x1f1e6]) {
  for (let letter = 0; letter < 26; letter += 1) LATIN_OF.set(String.fromCodePoint(start + letter), String.fromCharCode(97 + letter));
}
