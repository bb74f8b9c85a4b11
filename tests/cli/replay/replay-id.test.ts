import { idSafeName } from '../../../cli/replay/replay-id.ts';
import { PublicId } from '../../../schemas/ids.ts';

test('a name that fits is left as it is', () => {
  for (const name of ['tau-0-0', 'a.b_c:d', 'x'.repeat(64)]) expect(idSafeName(name)).toBe(name);
});

test('any other name becomes a valid one, and different names stay different', () => {
  const names = ['my session', 'my-session', 'my/session', 'sitzung äöü', '会话', 'y'.repeat(65), `${'y'.repeat(65)}z`, '../../etc'];
  const safe = names.map(idSafeName);
  expect(new Set(safe).size).toBe(names.length);
  for (const name of safe) expect(PublicId.safeParse(`${'p'.repeat(40)}${name}-123456`).success).toBe(true);
});
