import { clip, visible, visibleJson } from '../../../api/pages/text.ts';

describe('visible', () => {
  it.each([
    ['\u202Egnp.exe', '\\u{202e}gnp.exe'],
    ['a\u200Bb\uFEFF', 'a\\u{200b}b\\u{feff}'],
    ['\u{E0041}', '\\u{e0041}'],
    ['\u0000\r\u001B[2J', '\\u{0000}\\u{000d}\\u{001b}[2J'],
    ['\uD800', '\\u{d800}'],
    ['\u2028', '\\u{2028}'],
  ])('writes %j out', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('leaves ordinary text of any script, line breaks and tabs alone', () => {
    const text = 'Zürich 東京 שלום مرحبا 👍\n\tnext';
    expect(visible(text)).toBe(text);
  });

  it('leaves nothing out of JSON', () => {
    expect(visibleJson({ a: ['\u202E', 1, null] })).toBe('{\n  "a": [\n    "\\u{202e}",\n    1,\n    null\n  ]\n}');
  });
});

describe('clip', () => {
  it('keeps what fits whole', () => {
    expect(clip('exactly', 7)).toEqual({ short: 'exactly', full: null });
  });

  it('cuts between characters, never inside one, and keeps the whole text beside', () => {
    expect(clip('👍👍👍👍', 3)).toEqual({ short: '👍👍…', full: '👍👍👍👍' });
  });
});
