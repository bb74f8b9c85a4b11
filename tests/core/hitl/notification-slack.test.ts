import { renderSlack } from '../../../core/hitl/notification-slack.ts';
import { aNotice, HOSTILE, LINKABLE } from './notices.ts';

type Text = { type: string; text: string; verbatim?: boolean; emoji?: boolean };
type Block = { type: string; text?: Text; fields?: Text[] };

const blocksOf = (message: Record<string, unknown>): Block[] => message['blocks'] as Block[];
const textsOf = (message: Record<string, unknown>): Text[] => blocksOf(message).flatMap(({ text, fields = [] }) => [...(text ? [text] : []), ...fields]);
/** Without what stands in code, where Slack reads nothing but `<…>`. */
const outsideCode = (text: string): string => text.replaceAll(/```[^`]*```|`[^`]*`/g, '');
const entitiesOf = (text: string): string[] => text.match(/<[^>]*>/g) ?? [];

test('the message tells who waits for what, the time in the zone of the reader, and where to decide', () => {
  const message = renderSlack(aNotice());
  expect(message['text']).toBe('An agent waits for your decision: `billing-assistant`, `refund_payment`');
  expect(textsOf(message).map(({ text }) => text)).toEqual([
    'An agent waits for your decision',
    '*Action*\n`refund_payment`',
    '*Agent*\n`billing-assistant`',
    '*Risk score*\n72 of 100',
    '*Status*\npending',
    '*Level*\n1 of 2',
    '*Due*\n<!date^1896091200^{date_short_pretty} {time}|2030-01-31 12:00 UTC>',
    '*Review*\nrev_0123456789abcdef',
    '*Reasons*\n```- the amount is above the limit```',
    '<https://guard.example/decide?t=abc&amp;v=1|Decide>   <https://guard.example/dashboard/reviews/rev_0123456789abcdef|Open the review>',
  ]);
});

test.each(HOSTILE)('%j from an agent stays literal: no link, no mention, no format', (hostile) => {
  const plain = renderSlack(aNotice({ agentId: 'x', action: 'x', reasons: ['x'] }));
  const message = renderSlack(aNotice({ agentId: hostile, action: hostile, reasons: [hostile] }));
  const all = (of: Record<string, unknown>): string => [of['text'] as string, ...textsOf(of).map(({ text }) => text)].join('\n');
  expect(entitiesOf(all(message))).toEqual(entitiesOf(all(plain)));
  expect(outsideCode(all(message))).toBe(outsideCode(all(plain)));
  expect(all(message).replaceAll(/<https:[^>]*>/g, '')).not.toMatch(LINKABLE);
  expect(textsOf(message).every(({ type, verbatim, emoji }) => (type === 'mrkdwn' ? verbatim === true : emoji === false))).toBe(true);
});

test('the longest texts stay within what Slack takes, escaped as they are, and what is left out is counted', () => {
  const longest = '&'.repeat(5_000);
  const message = renderSlack(aNotice({ agentId: longest, action: longest, reasons: Array.from({ length: 40 }, () => longest) }));
  expect(blocksOf(message).length).toBeLessThanOrEqual(50);
  for (const { type, text, fields = [] } of blocksOf(message)) {
    expect(text?.text.length ?? 0).toBeLessThanOrEqual(type === 'header' ? 150 : 3_000);
    expect(fields.length).toBeLessThanOrEqual(10);
    expect(Math.max(0, ...fields.map((field) => field.text.length))).toBeLessThanOrEqual(2_000);
  }
  expect(textsOf(message).find(({ text }) => text.startsWith('*Reasons*'))?.text).toMatch(/\nand 39 more```$/);
});

test('a link of ours cannot be ended early by what is in it', () => {
  const text = textsOf(renderSlack(aNotice({ decideUrl: null, reviewUrl: 'https://guard.example/a|b>c<d' }))).at(-1)?.text ?? '';
  expect(text).toBe('<https://guard.example/a%7Cb%3Ec%3Cd|Open the review>');
});
