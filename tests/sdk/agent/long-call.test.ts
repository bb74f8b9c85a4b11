import { longCall } from '../../../sdk/agent/src/long-call.ts';

const call = (args: Record<string, string | number>) => ({ agentId: 'a', action: 'pay', tool: { name: 'pay', args } });
const LONG = 'x'.repeat(100_000);

test('a call that fits is one event', () => {
  expect(longCall(call({ amount: 80 }))).toBeUndefined();
});

test('however long a call is, a rule about its short arguments sees them', () => {
  const junk = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`junk${index}`, 'x'.repeat(900)]));
  for (const more of [{ note: LONG }, junk]) {
    const [asked, ...parts] = longCall(call({ ...more, amount: 80 }))?.drafts ?? [];
    expect(asked).toMatchObject({ action: 'pay', tool: { name: 'pay', args: { amount: 80 } } });
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.every(({ action, channel, tool }) => action === 'tool_args' && channel === 'tool_args' && tool?.name === 'pay')).toBe(true);
  }
});

test('what a reviewer has changed is what is done, with everything else as it was asked', () => {
  const junk = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`junk${index}`, 'x'.repeat(900)]));
  for (const more of [{ note: LONG }, junk]) {
    const args = { ...more, amount: 80 };
    const long = longCall(call(args));
    const shown = long?.drafts[0]?.tool?.args ?? {};
    expect(long?.restore({ ...shown, amount: 50 })).toEqual({ ...args, amount: 50 });
  }
});
