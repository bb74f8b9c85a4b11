import { renderTeams } from '../../../core/hitl/notification-teams.ts';
import { aNotice, HOSTILE, LINKABLE } from './notices.ts';

type Card = {
  version: string;
  fallbackText: string;
  body: { type: string; inlines: { type: string; text: string }[] }[];
  actions: { type: string; title: string; url: string }[];
};

const cardOf = (message: Record<string, unknown>): Card => (message['attachments'] as { content: Card }[])[0]?.content as Card;
const linesOf = ({ body }: Card): string[] => body.map(({ inlines }) => inlines.map(({ text }) => text).join(''));

test('the message is one Adaptive Card 1.4 in the envelope of a workflow, and tells who waits for what', () => {
  const message = renderTeams(aNotice());
  expect(message).toMatchObject({
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard' } }],
  });
  const card = cardOf(message);
  expect(card.version).toBe('1.4');
  expect(linesOf(card)).toEqual([
    'An agent waits for your decision',
    'Action: refund_payment',
    'Agent: billing-assistant',
    'Risk score: 72 of 100',
    'Status: pending',
    'Level: 1 of 2',
    'Due: 2030-01-31 12:00 UTC',
    'Review: rev_0123456789abcdef',
    'Reasons:',
    '- the amount is above the limit',
  ]);
  expect(card.actions.map(({ type, title, url }) => [type, title, url])).toEqual([
    ['Action.OpenUrl', 'Decide', 'https://guard.example/decide?t=abc&v=1'],
    ['Action.OpenUrl', 'Open the review', 'https://guard.example/dashboard/reviews/rev_0123456789abcdef'],
  ]);
});

test.each(HOSTILE)('%j from an agent is a run of text, which knows no markup, and nothing in it becomes a link', (hostile) => {
  const plain = cardOf(renderTeams(aNotice({ agentId: 'x', action: 'x', reasons: ['x'] })));
  const message = renderTeams(aNotice({ agentId: hostile, action: hostile, reasons: [hostile] }));
  const card = cardOf(message);
  expect(card.body.every(({ type, inlines }) => type === 'RichTextBlock' && inlines.every((run) => run.type === 'TextRun'))).toBe(true);
  expect(card.body).toHaveLength(plain.body.length);
  expect([card.actions, card.fallbackText]).toEqual([plain.actions, plain.fallbackText]);
  expect(linesOf(card).join('\n')).not.toMatch(LINKABLE);
  // Teams turns `<at>` into a mention only where an entity names it.
  expect(JSON.stringify(message)).not.toContain('"entities"');
});

test('the longest texts stay within the 28 KB of Teams', () => {
  const longest = '漢'.repeat(5_000);
  const message = renderTeams(aNotice({ agentId: longest, action: longest, reasons: Array.from({ length: 40 }, () => longest) }));
  expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(28_000);
});
