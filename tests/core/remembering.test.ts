import { remembering } from '../../core/remembering.ts';

describe('remembering', () => {
  test('answers what the function answers, and asks it once for a text that comes again', () => {
    const asked: string[] = [];
    const upper = remembering((text) => (asked.push(text), text.toUpperCase()));
    expect(['a', '', 'b', 'a', ''].map(upper)).toEqual(['A', '', 'B', 'A', '']);
    expect(asked).toEqual(['a', '', 'b']);
  });

  test('keeps neither long texts nor many', () => {
    let asked = 0;
    const length = remembering((text) => ((asked += 1), text.length));
    const long = 'x'.repeat(65);
    expect([length(long), length(long), asked]).toEqual([65, 65, 2]);
    asked = 0;
    for (let at = 0; at < 10_000; at += 1) length(String(at));
    expect([length('0'), asked]).toEqual([1, 10_001]);
  });
});
