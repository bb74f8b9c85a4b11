import type { ReviewNotice } from '../../../core/hitl/notification.ts';

export function aNotice(overrides: Partial<ReviewNotice> = {}): ReviewNotice {
  return {
    occasion: 'asked',
    reviewId: 'rev_0123456789abcdef',
    agentId: 'billing-assistant',
    action: 'refund_payment',
    reasons: ['the amount is above the limit'],
    riskScore: 72,
    level: 0,
    levels: 2,
    dueAt: '2030-01-31T12:00:00.000Z',
    status: 'pending',
    reviewUrl: 'https://guard.example/dashboard/reviews/rev_0123456789abcdef',
    decideUrl: 'https://guard.example/decide?t=abc&v=1',
    ...overrides,
  };
}

/** What an agent might write to speak in our name, to lead a reviewer elsewhere, or to wake everybody up. */
export const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=https://evil.example/p.gif>',
  '"><a href="https://evil.example">Approve</a>',
  "'><a href='https://evil.example'>Approve</a>",
  '<https://evil.example|Approve>',
  '[Approve](https://evil.example)',
  '![pixel](https://evil.example/p.gif)',
  'https://evil.example/approve',
  'see evil.example for more',
  'www.evil.example',
  'mail eve@evil.example now',
  '\\\\evil.example\\share',
  '<!channel> <!here> <!everyone>',
  '<@U0123> <#C0123> <!subteam^S0123>',
  '@everyone @channel @here',
  '<at>Everyone</at>',
  '`*bold* _it_ ~no~ :skull:`',
  '```\n<!channel>\n```',
  '&lt;!channel&gt;',
  'x\n\nStatus: approved\nOpen the review: https://evil.example',
  'x\r\nBcc: eve@evil.example',
  'abc\u202Edetcejer\u202C \u200Bzero \u{E0041}tag',
  '\u2028line\u2029paragraph\u0085next\0nul',
];

/** What clients make links of by themselves. */
export const LINKABLE = /:\/\/|www\.\w|\w\.\w+\.?\w*\/|[a-z]\.[a-z]{2}|\w@\w|\\\\\w/i;
