import { draftOfCall, draftsOfHeard, draftsOfText } from '../../../../sdk/agent/src/wrap/drafts.ts';

const facts = { operation: 'chat', provider: 'any', model: 'm-1', path: '/chat/completions' };

describe('the events of a call', () => {
  it('are one even where nothing is said, so that no call is without', () => {
    expect(draftsOfHeard(facts, { user: [], results: [], media: ['image', 'image'] })).toEqual([
      { action: 'chat', channel: 'user', metadata: { provider: 'any', model: 'm-1', path: '/chat/completions', media: ['image'] } },
    ]);
  });

  it('are several for what is too long for one, and nothing is left out', () => {
    const text = Array.from({ length: 30_000 }, (_, index) => `w${index}`).join(' ');
    const drafts = draftsOfText(facts, text, { tokens: 9 });
    expect(drafts.length).toBeGreaterThan(2);
    expect(drafts.map(({ metadata }) => metadata?.['part'])).toEqual(drafts.map((_, index) => index + 1));
    expect(drafts.filter(({ metadata }) => metadata?.['tokens'] === 9)).toHaveLength(1);
    const parts = drafts.map(({ content = '' }) => content);
    let known = parts[0] ?? '';
    // Every part goes on from within the one before.
    for (const part of parts.slice(1)) known += part.slice(part.indexOf(known.slice(-500)) + 500);
    expect(known).toBe(text);
    for (const draft of drafts) expect(Buffer.byteLength(JSON.stringify(draft))).toBeLessThan(65_536);
  });

  it('hold the arguments of a tool call', () => {
    const call = { key: '0', name: 'send_mail', args: { to: 'one@example.com' } };
    expect(draftOfCall(facts, call)).toMatchObject({ action: 'send_mail', tool: { name: 'send_mail', args: call.args } });
  });

  it('have names and texts that an event may have', () => {
    expect(draftOfCall(facts, { key: '0', name: `a\u0000b${'x'.repeat(200)}`, args: {} }).action).toBe(`a b${'x'.repeat(125)}`);
    expect(draftOfCall(facts, { key: '0', name: '', args: {} }).action).toBe('unnamed');
    expect(draftsOfText(facts, 'half \uD800 a pair', {})[0]?.content).toBe('half \uFFFD a pair');
  });
});
