import { hashPassword, passwordMatches } from '../../../api/access/password.ts';

describe('passwords', () => {
  it('match their hash and no other, whatever the salt', async () => {
    const [first, second] = [await hashPassword('Grüße 🙂'), await hashPassword('Grüße 🙂')];
    expect(first).not.toBe(second);
    expect(first).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$/);
    expect(await passwordMatches('Grüße 🙂', first)).toBe(true);
    expect(await passwordMatches('Grüße 🙂 ', first)).toBe(false);
  });

  it('match however the keyboard composes its letters', async () => {
    expect(await passwordMatches('Gru\u0308ße', await hashPassword('Gr\u00fcße'))).toBe(true);
  });

  it('never match where there is no usable hash, and the same work is done', async () => {
    const before = process.cpuUsage().user;
    expect(await passwordMatches('x', null)).toBe(false);
    const spentUs = process.cpuUsage().user - before;
    expect(await passwordMatches('x', '$scrypt$broken')).toBe(false);
    // scrypt at this cost takes tens of milliseconds on any machine; a short cut takes none.
    expect(spentUs).toBeGreaterThan(10_000);
  });
});
