import { accessSync, constants, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { scratchSpace } from '../../scripts/lib/scratch-space.mjs';

test('what a run throws away goes where it can be written and passed through, the same place every time', () => {
  const place = scratchSpace();
  accessSync(place, constants.W_OK | constants.X_OK);
  expect(scratchSpace()).toBe(place);
  if (place !== tmpdir()) expect(statSync(place).mode & 0o001).toBe(0o001);
});
