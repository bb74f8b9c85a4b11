import { renderMail } from '../../../core/hitl/notification-mail.ts';
import { aNotice, HOSTILE, LINKABLE } from './notices.ts';

/** The tags of our own, in order: what an agent writes must not change them. */
const tagsOf = (html: string): string[] => html.match(/<[^>]*>/g) ?? [];

test('the mail tells who waits for what, until when, and where to decide', () => {
  const { subject, text, html } = renderMail(aNotice());
  expect(subject).toBe('An agent waits for your decision: billing-assistant, refund_payment');
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      'Action:     refund_payment',
      'Risk score: 72 of 100',
      'Level:      1 of 2',
      'Due:        2030-01-31 12:00 UTC',
      '- the amount is above the limit',
      'Decide: https://guard.example/decide?t=abc&v=1',
      'Open the review: https://guard.example/dashboard/reviews/rev_0123456789abcdef',
    ]),
  );
  expect(html).toContain('<code>refund_payment</code>');
  expect(html).toContain('<a href="https://guard.example/decide?t=abc&#38;v=1" rel="noreferrer">Decide</a>');
});

test.each(HOSTILE)('%j from an agent adds no tag, no line, no header and no link', (hostile) => {
  const plain = renderMail(aNotice({ agentId: 'x', action: 'x', reasons: ['x'] }));
  const mail = renderMail(aNotice({ agentId: hostile, action: hostile, reasons: [hostile] }));
  expect(tagsOf(mail.html)).toEqual(tagsOf(plain.html));
  expect(mail.text.split('\n')).toHaveLength(plain.text.split('\n').length);
  expect(mail.subject).not.toMatch(/[\r\n]/);
  const withoutOurs = (text: string): string => text.replaceAll(/https:\/\/guard\.example\/[^\s"]*/g, '');
  for (const part of [mail.subject, mail.text, mail.html]) expect(withoutOurs(part)).not.toMatch(LINKABLE);
});

test('nothing is loaded from anywhere', () => {
  expect(renderMail(aNotice()).html).not.toMatch(/src=|url\(|<link|<img|<script|@import/);
});

test('who gets a link to decide is told what it is; who gets none is not', () => {
  expect(renderMail(aNotice()).text).toContain('yours alone');
  const { text, html } = renderMail(aNotice({ decideUrl: null }));
  expect(text + html).not.toMatch(/yours alone|Decide:/);
});
