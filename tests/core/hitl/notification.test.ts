import { factsOf, headlineOf, linksOf, reasonsOf, utcText } from '../../../core/hitl/notification.ts';
import { aNotice, HOSTILE } from './notices.ts';

test('a headline holds nothing that an agent wrote', () => {
  const headlines = (text: string): string[] =>
    (['asked', 'reminded', 'decided', 'expired', 'changed'] as const).map((occasion) =>
      headlineOf(aNotice({ occasion, agentId: text, action: text, reasons: [text] })),
    );
  for (const text of HOSTILE) expect(headlines(text)).toEqual(headlines('x'));
  expect(new Set(headlines('x')).size).toBe(5);
});

test('facts say which of them an agent chose; a level is told where there are several, a time where one is waited for', () => {
  const labels = (facts: ReturnType<typeof factsOf>): string[] => facts.map(({ label }) => label);
  expect(factsOf(aNotice()).filter(({ fromAgent }) => fromAgent)).toEqual([
    { label: 'Action', value: 'refund_payment', fromAgent: true },
    { label: 'Agent', value: 'billing-assistant', fromAgent: true },
  ]);
  expect(factsOf(aNotice({ level: 1 }))).toContainEqual({ label: 'Level', value: '2 of 2', fromAgent: false });
  expect(labels(factsOf(aNotice({ levels: 1, dueAt: null })))).toEqual(['Action', 'Agent', 'Risk score', 'Status', 'Review']);
});

test('ten reasons are shown and the others counted', () => {
  expect(reasonsOf(aNotice({ reasons: Array.from({ length: 13 }, (_, index) => `reason ${index}`) }))).toMatchObject({ more: 3, shown: { length: 10 } });
  expect(reasonsOf(aNotice({ reasons: [] }))).toEqual({ shown: [], more: 0 });
});

test('the link to decide comes first, and only where there is one', () => {
  expect(linksOf(aNotice()).map(({ label }) => label)).toEqual(['Decide', 'Open the review']);
  expect(linksOf(aNotice({ decideUrl: null })).map(({ label }) => label)).toEqual(['Open the review']);
});

test('a time is told with its zone', () => {
  expect(utcText('2030-01-31T13:00:59+01:00')).toBe('2030-01-31 12:00 UTC');
});
