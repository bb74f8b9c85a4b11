import { renderWebhook } from '../../../core/hitl/notification-webhook.ts';
import { aNotice, HOSTILE } from './notices.ts';

const AT = '2030-01-30T12:00:00.000Z';

test('the payload is thin: what to fetch and why now', () => {
  expect(renderWebhook(aNotice(), { at: AT })).toEqual({
    type: 'hitl.review.asked',
    timestamp: AT,
    data: {
      reviewId: 'rev_0123456789abcdef',
      agentId: 'billing-assistant',
      status: 'pending',
      riskScore: 72,
      level: 0,
      levels: 2,
      dueAt: '2030-01-31T12:00:00.000Z',
      reviewUrl: 'https://guard.example/dashboard/reviews/rev_0123456789abcdef',
    },
  });
  expect(renderWebhook(aNotice({ occasion: 'expired' }), { at: AT }).type).toBe('hitl.review.expired');
});

test('neither the action, nor a reason, nor the link to decide leaves the house this way', () => {
  for (const hostile of HOSTILE) {
    expect(renderWebhook(aNotice({ action: hostile, reasons: [hostile] }), { at: AT })).toEqual(renderWebhook(aNotice({ decideUrl: null }), { at: AT }));
  }
});
