import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PolicySet } from '../../../schemas/policy.ts';
import type { Review } from '../../../schemas/review.ts';
import { type AnswerLosingProxy, startAnswerLosingProxy } from '../../support/answer-losing-proxy.ts';
import { codeBlocks } from '../../support/code-blocks.ts';
import { type PackedPackage, packPackage } from '../../support/packed-package.ts';
import { startTestProduct, type TestProduct } from '../../support/product.ts';
import { signedMessage } from '../../support/signed-message.ts';

const POLICY: PolicySet = {
  rules: [{ id: 'transfers', priority: 100, when: { actions: ['transfer'] }, effect: 'hitl', reason: 'people decide' }],
};
const read = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8');
const README = read('../../../sdk/compliance/README.md');

let product: TestProduct;
/** Loses nothing: readers ask no more often than their client does by itself. */
let patient: AnswerLosingProxy;
let packed: PackedPackage;
beforeAll(async () => {
  [product, packed] = await Promise.all([startTestProduct({ policy: POLICY }), packPackage('sdk/compliance')]);
  patient = await startAnswerLosingProxy(product.apiUrl);
});
afterAll(async () => {
  packed.remove();
  await patient.close();
  await product.stop();
});

const environment = () => ({ MASTGUARD_BASE_URL: patient.url, MASTGUARD_API_KEY: product.apiKey });
/** A block as it is written, but for the key, with a line behind it that shows what became of it. */
const run = (name: string, block: string, shown = '') =>
  packed.run(name, `${block.replaceAll('mg_live_your_key_here', product.apiKey)}\n${shown}`, { MASTGUARD_BASE_URL: patient.url });

const [first = '', second = '', third = '', ...more] = codeBlocks(read('product-text.md'), 'ts');

test('the documentation and the README say the same', () => {
  expect(more).toEqual([]);
  expect(codeBlocks(README, 'ts')).toEqual([first, second, third]);
});

test('the first event is decided, and the value printed', async () => {
  expect(await run('first.mjs', first)).toBe('ALLOW\n');
});

test('an event is ingested, agents are listed and the usage is read', async () => {
  const { agents, usage } = JSON.parse(await run('second.mjs', second, 'console.log(JSON.stringify({ agents, usage }))')) as {
    agents: { data: { agentId: string }[] };
    usage: { plan: string; events: { used: number } };
  };
  expect(agents.data.map(({ agentId }) => agentId)).toContain('agent-1');
  expect(usage.plan).toBe('pro');
  expect(usage.events.used).toBeGreaterThan(0);
});

test('a webhook is verified and parsed', async () => {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const { body, header } = signedMessage(secret);
  const given = `globalThis.rawBody = ${JSON.stringify(body)}; globalThis.signatureHeader = ${JSON.stringify(header)};`;
  const block = third.replace('whsec_your_secret', secret);
  expect(JSON.parse(await packed.run('third.mjs', `${given}\n${block}\nconsole.log(JSON.stringify(event))`))).toMatchObject({
    id: 'msg_1',
    type: 'governance.decision.blocked',
  });
});

test('the further blocks of the README run as they are, one after the other, while a reviewer approves', async () => {
  await product.decide({ agentId: 'agent-1', action: 'look_up' });
  const running = packed.run('readme.mjs', codeBlocks(README, 'js').join('\n'), environment());
  const [output] = await Promise.all([running, approveUntil(running)]);
  expect(output.split('\n')).toEqual(expect.arrayContaining(['agent-1', 'treasury']));
  const { body } = await product.call<{ data: Review[] }>('GET', '/api/v1/hitl/reviews');
  expect(body.data).toMatchObject([{ status: 'approved', approval: { consumedAt: expect.any(String) } }]);
});

/** Approves what waits until the work that asks for it is done. */
async function approveUntil(work: Promise<unknown>): Promise<void> {
  const key = await product.keyOf('Owner');
  const over = new AbortController();
  const done = work.catch(() => undefined).then(() => over.abort());
  while (!over.signal.aborted) {
    const { body } = await product.call<{ data: Review[] }>('GET', '/api/v1/hitl/queue');
    for (const { id } of body.data) await product.call('POST', `/api/v1/hitl/reviews/${id}/decision`, { key, body: { verb: 'approve' } });
    await Promise.race([done, sleep(50)]);
  }
}
