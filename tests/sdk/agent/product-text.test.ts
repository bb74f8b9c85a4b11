import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MastGuardClient } from '../../../sdk/compliance/src/client.ts';
import { type AnswerLosingProxy, startAnswerLosingProxy } from '../../support/answer-losing-proxy.ts';
import { codeBlocks } from '../../support/code-blocks.ts';
import { type ModelServer, startModelServer } from '../../support/model-server.ts';
import { type PackedPackage, packPackages } from '../../support/packed-package.ts';
import { startTestProduct, type TestProduct } from '../../support/product.ts';
import { signedMessage } from '../../support/signed-message.ts';

const read = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8');
const [openai = '', anthropic = '', ...more] = codeBlocks(read('product-text.md'), 'ts');
const [first = '', second = '', third = ''] = codeBlocks(read('../compliance/product-text.md'), 'ts');
const README = read('../../../sdk/agent/README.md');

let product: TestProduct;
/** Loses nothing: readers ask no more often than their client does by itself. */
let patient: AnswerLosingProxy;
let models: ModelServer;
let packed: PackedPackage;
beforeAll(async () => {
  const links = ['openai', '@anthropic-ai/sdk'];
  [product, models, packed] = await Promise.all([startTestProduct(), startModelServer(), packPackages(['sdk/agent', 'sdk/compliance'], { links })]);
  patient = await startAnswerLosingProxy(product.apiUrl);
  // The first decision of a product takes longest, and these clients wait for five seconds.
  await product.decide({ agentId: 'first', action: 'look_up' }, { key: (await product.addOrganization()).apiKey });
});
afterAll(async () => {
  packed.remove();
  await patient.close();
  await models.close();
  await product.stop();
});

/** A block as it is written, but for the key, with a line behind it that shows what became of it. */
const run = (name: string, block: string, shown: string, key = product.apiKey) =>
  packed.run(name, `${block.replaceAll('mg_live_your_key_here', key)}\n${shown}`, {
    MASTGUARD_BASE_URL: patient.url,
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: `${models.url}/v1`,
    ANTHROPIC_API_KEY: 'none',
    ANTHROPIC_BASE_URL: models.url,
  });
const actionsOf = async (key: string): Promise<string[]> => {
  const { data } = await new MastGuardClient({ apiKey: key, baseUrl: product.apiUrl }).governance.events.list().page();
  return data.map(({ agentId, action, value }) => `${agentId} ${action} ${value}`);
};

test('the documentation and the README say the same', () => {
  expect(more).toEqual([]);
  expect(codeBlocks(README, 'ts')).toEqual([openai, anthropic]);
});

test('a wrapped OpenAI client answers, and the call is on record', async () => {
  const { apiKey } = await product.addOrganization();
  const shown = 'console.log(response.choices[0].message.content, openai instanceof OpenAI)';
  expect(await run('openai.mjs', openai, shown, apiKey)).toBe('Hello from the model. true\n');
  expect(await actionsOf(apiKey)).toContain('default-agent chat ALLOW');
});

test('a wrapped Anthropic client answers, and the call is on record', async () => {
  const { apiKey } = await product.addOrganization();
  const shown = 'console.log(message.content[0].text, anthropic instanceof Anthropic)';
  expect(await run('anthropic.mjs', anthropic, shown, apiKey)).toBe('Hello from the model. true\n');
  expect(await actionsOf(apiKey)).toContain('default-agent chat ALLOW');
});

test('a blocked call throws MastGuardBlockedError, and the model is not asked', async () => {
  const { apiKey } = await product.addOrganization({
    policy: { rules: [{ id: 'closed', priority: 100, when: { actions: ['chat'] }, effect: 'block', reason: 'not today' }] },
  });
  models.requests.length = 0;
  const source = `import { MastGuardBlockedError } from "@auxdynamics/mastguard-agent-sdk"
process.once('uncaughtException', (error) => console.log(error instanceof MastGuardBlockedError, error.decision.value, error.decision.reasons.join()))
${anthropic}`;
  expect(await run('blocked.mjs', source, '', apiKey)).toMatch(/^true BLOCK .*not today/);
  expect(models.requests).toEqual([]);
});

describe('in the same folder, the blocks about the compliance SDK', () => {
  it('decide an event', async () => {
    expect(await run('first.mjs', first, '')).toBe('ALLOW\n');
  });

  it('list agents and read the usage', async () => {
    expect(await run('second.mjs', second, 'console.log(agents.data.length > 0, usage.events.used > 0)')).toBe('true true\n');
  });

  it('verify a webhook', async () => {
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const { body, header } = signedMessage(secret);
    const given = `globalThis.rawBody = ${JSON.stringify(body)}; globalThis.signatureHeader = ${JSON.stringify(header)};`;
    expect(await run('third.mjs', `${given}\n${third.replace('whsec_your_secret', secret)}`, 'console.log(event.type)')).toBe('governance.decision.blocked\n');
  });
});
