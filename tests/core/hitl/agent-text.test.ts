import * as fc from 'fast-check';
import { agentText } from '../../../core/hitl/agent-text.ts';
import { HOSTILE, LINKABLE } from './notices.ts';

const JOINER = '\u2060';

test.each(HOSTILE)('%j becomes one line that shows all it holds and that no client makes a link or a mention of', (text) => {
  const shown = agentText(text, 500);
  expect(shown).not.toMatch(LINKABLE);
  expect(shown).not.toMatch(/@\w/);
  expect(shown.replaceAll(JOINER, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u);
});

test('what does not show is written out, the joiners of an agent too', () => {
  expect(agentText('a\u202Eb\u2060c\u{E0041}', 100)).toBe('a\\u{202e}b\\u{2060}c\\u{e0041}');
  expect(agentText('a\uD800b', 100)).toBe('a\\u{d800}b');
});

test('names with dots stay readable, and ordinary text stays as it is', () => {
  expect(agentText('payments.transfer', 100)).toBe(`payments.${JOINER}transfer`);
  expect(agentText('  Sends 3 mails, äöü 🎉. Then stops.  ', 100)).toBe('Sends 3 mails, äöü 🎉. Then stops.');
  expect(agentText('https://a', 100)).toBe('https[:]//a');
});

test('whatever it is given: never longer than told, never half a character, cheap for a long text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, maxLength) => {
      const shown = agentText(text, maxLength);
      expect(shown.length).toBeLessThanOrEqual(maxLength);
      expect(shown).not.toMatch(/\p{Cs}/u);
    }),
  );
  expect(agentText('🎉'.repeat(10), 6)).toBe('🎉🎉…');
  expect(agentText('x'.repeat(5_000_000), 10)).toBe('xxxxxxxxx…');
});
