import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DEMO_POLICY } from '../../core/sample/demo-policy.ts';
import type { Decision } from '../../schemas/decision.ts';
import type { Review } from '../../schemas/review.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

const readText = (file: string): string => readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
const SEPARATOR = '=== next block ===';

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ policy: DEMO_POLICY });
});
afterAll(() => product.stop());

test('the quick start of the README does what it says, pasted block by block', async () => {
  await product.keyOf('Owner');
  const [minimal = '', blocked = '', review = '', approval = '', outcome = '', agents = '', ...more] = await runBlocks(quickStartBlocks());
  expect(more).toEqual([]);
  expect(JSON.parse(minimal)).toMatchObject({ value: 'ALLOW', mast: [] } satisfies Partial<Decision>);
  expect(JSON.parse(blocked)).toMatchObject({ value: 'BLOCK', eventId: 'quick-start-block', mast: [{ category: 'Space' }] });
  const { value, review: opened } = JSON.parse(review) as Decision;
  expect(value).toBe('HITL');
  const [signedIn = '', decided = ''] = approval.trim().split('\n');
  expect(JSON.parse(signedIn)).toMatchObject({ kind: 'session', member: { role: 'Owner' } });
  const approved = { id: opened?.id ?? '', status: 'approved', outcome: 'allow' } satisfies Partial<Review>;
  expect(JSON.parse(decided)).toMatchObject(approved);
  expect(JSON.parse(outcome)).toMatchObject(approved);
  expect((JSON.parse(agents) as { data: { agentId: string }[] }).data.map(({ agentId }) => agentId)).toEqual(['my-first-agent']);
});

test('the blocked event of the README, sent again, is answered with the same decision', async () => {
  const [, block = ''] = quickStartBlocks();
  const [first, second] = await runBlocks([block, block]);
  expect(second).toBe(first);
});

test('so does its continuation in docs/quick-start.md', async () => {
  const [dryRun = '', grant = '', rule = '', batch = '', ...more] = await runBlocks(bashBlocks(readText('docs/quick-start.md')));
  expect(more).toEqual([]);
  expect(JSON.parse(dryRun)).toMatchObject({ value: 'ALERT', findings: [{ detector: 'mem.override' }] });
  const [agent = '', blocked = ''] = grant.trim().split('\n');
  expect(JSON.parse(agent)).toMatchObject({ agentId: 'refund-bot', status: 'active' });
  expect(JSON.parse(blocked)).toMatchObject({ value: 'BLOCK', mast: [{ category: 'Action', mode: 'FM-1.2' }, {}] });
  const [policy = '', flagged = ''] = rule.trim().split('\n');
  expect(JSON.parse(policy)).toMatchObject({ name: 'Refunds', activeVersion: 1 });
  expect(JSON.parse(flagged)).toMatchObject({ value: 'ALERT', policy: { ruleId: 'refunds-are-looked-at' } });
  expect((JSON.parse(batch) as { data: { status: string }[] }).data.map(({ status }) => status)).toEqual(['decided', 'decided']);
});

/** The blocks of the README between the markers. */
function quickStartBlocks(): string[] {
  const [, section = ''] = /<!-- quick-start:begin -->([\s\S]*)<!-- quick-start:end -->/.exec(readText('README.md')) ?? [];
  return bashBlocks(section);
}

function bashBlocks(text: string): string[] {
  return [...text.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? '');
}

/** As it is, but that it asks again while the product is too busy. */
const CURL = `curl() {
  local body; body=$(mktemp)
  while [ "$(command curl "$@" -o "$body" -w '%{http_code}')" = 503 ]; do sleep 1; done
  cat "$body"; rm "$body"
}`;

/** Runs them in one shell, as a reader would; answers what each printed. Rejects where a command fails. */
async function runBlocks(blocks: readonly string[]): Promise<string[]> {
  const script = ['set -euo pipefail', CURL, ...blocks.flatMap((block, index) => (index === 0 ? [block] : [`echo; echo '${SEPARATOR}'`, block]))].join('\n');
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    env: {
      PATH: process.env['PATH'],
      URL: product.apiUrl,
      KEY: product.apiKey,
      EMAIL: `owner-${product.orgId}@example.com`,
      PASSWORD: 'correct horse battery',
      no_proxy: '127.0.0.1',
    },
  });
  return stdout.split(`\n${SEPARATOR}\n`);
}
