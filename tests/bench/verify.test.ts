import { runVerifyBench } from '../../bench/verify.ts';
import { builtProduct } from '../support/built-product.ts';

test('the export that verification is measured on is in order, and every round is told', async () => {
  builtProduct('cli/mastguard.js');
  const lines: string[] = [];
  await runVerifyBench({ entries: 2_500, rounds: 2, print: (line) => lines.push(line) });
  const results = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { bench: string; entries: number; perSec: number });
  expect(results.map(({ bench, entries }) => [bench, entries])).toEqual([
    ['verify', 2_500],
    ['verify', 2_500],
  ]);
  for (const { perSec } of results) expect(perSec).toBeGreaterThan(0);
});
