import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MastGuardClient } from '../../sdk/compliance/src/client.ts';
import { DEMO_POLICY } from '../../core/sample/demo-policy.ts';
import { story } from '../../examples/story.ts';
import { type AnswerLosingProxy, startAnswerLosingProxy } from '../support/answer-losing-proxy.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { patientFetch } from '../support/patient-fetch.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const WITHIN_MS = 150_000;

let product: TestProduct;
/** Loses nothing: readers ask no more often than their client does by itself. */
let patient: AnswerLosingProxy;
let models: ModelServer;
let mg: MastGuardClient;
beforeAll(async () => {
  [product, models] = await Promise.all([
    startTestProduct({ policy: DEMO_POLICY, outbound: { mail: null, allow: ['127.0.0.0/8'] } }),
    startModelServer({ behave: story }),
  ]);
  patient = await startAnswerLosingProxy(product.apiUrl);
  mg = clientOf(product.apiKey);
  // The first decision of a product takes longest, and most examples wait for five seconds.
  await product.decide({ agentId: 'first', action: 'look_up' }, { key: (await product.addOrganization()).apiKey });
});
const clientOf = (apiKey: string) => new MastGuardClient({ apiKey, baseUrl: product.apiUrl, fetch: patientFetch });
const running = new Set<Program>();
afterAll(async () => {
  // Those that a failed test has left.
  for (const program of running) program.stop();
  await Promise.all([models.close(), patient.close()]);
  await product.stop();
});

test('every program of the folder is run here', () => {
  const programs = readdirSync(EXAMPLES).filter((name) => name.endsWith('.mjs'));
  expect(programs).toEqual(['1-quick-start.mjs', '2-agent-loop.mjs', '3-streaming-chat.mjs', '4-refund-review.mjs', '5-webhook-receiver.mjs']);
});

test('the quick start answers, and prints what is on record of the call', async () => {
  const { lines } = await start('1-quick-start.mjs').ended;
  expect(lines[0]).toBe('A customer received the invoice of May twice.');
  expect(lines).toContain('chat: ALLOW, risk 0');
});

test('the agent loop runs the tool that it may use, and tells the model why the other was stopped', async () => {
  const { lines } = await start('2-agent-loop.mjs').ended;
  expect(lines).toEqual([
    'look_up_order ran',
    expect.stringMatching(/^read_file was stopped: .*credential store/),
    'Order A-17 was delivered. I may not read the credentials, so I have left them alone.',
  ]);
  expect(models.requests.at(-1)?.text).toContain('denied');
  const { data } = await mg.governance.events.list({ agentId: 'support-bot' }).page();
  expect(data.map(({ action, value }) => `${action} ${value}`)).toContain('read_file BLOCK');
});

test('the streaming chat shows one answer, and stops the other before its secret is out', async () => {
  const { lines, text } = await start('3-streaming-chat.mjs').ended;
  expect(lines).toContain('We open at nine.');
  expect(lines.at(-1)).toMatch(/^\[stopped: .*\]$/);
  expect(text).not.toContain('ghp_');
  const { data } = await mg.governance.events.list({ agentId: 'help-desk' }).page();
  expect(data.length).toBeGreaterThan(2);
});

test('the refund waits for a reviewer and is paid when one has approved', async () => {
  const program = start('4-refund-review.mjs');
  await program.said(/^waiting for a reviewer/m);
  const { data } = await mg.hitl.queue().page();
  const reviewer = clientOf(await product.keyOf('Reviewer'));
  await reviewer.hitl.decide(data[0]?.id ?? '', { verb: 'approve', reason: 'The second charge is on the statement.' });
  const { lines } = await program.ended;
  expect(lines[0]).toMatch(/^HITL: Refunds above 500/);
  expect(lines.at(-1)).toBe('refunded 900 for A-17');
});

test('the receiver takes what is signed, once, and refuses anything else', async () => {
  const urlOf = (port: string) => `http://127.0.0.1:${port}/mastguard`;
  const { id, secret } = await mg.webhooks.endpoints.create({ name: 'example', url: urlOf('1'), types: ['governance.decision.blocked'] });
  const program = start('5-webhook-receiver.mjs', { PORT: '0', MASTGUARD_WEBHOOK_SECRET: secret });
  let port = '';
  try {
    [, port = ''] = await program.said(/^listening on (\d+)$/m);
    const url = urlOf(port);
    await mg.webhooks.endpoints.update(id, { url });
    expect(await mg.webhooks.endpoints.test(id)).toMatchObject({ delivered: true });
    const forged = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', 'webhook-id': 'msg_1' }, body: '{}' });
    expect(forged.status).toBe(401);
    await program.said(/^refused: /m);
  } finally {
    program.stop();
  }
  const { lines } = await program.ended;
  expect(lines).toEqual([`listening on ${port}`, expect.stringMatching(/^[\w.]+ \{.*\}$/), expect.stringMatching(/^refused: /)]);
});

interface Program {
  /** Resolves with what it has printed of this. Rejects when it ends without. */
  said: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Its output. Rejects where it failed by itself. */
  ended: Promise<{ text: string; lines: string[] }>;
  stop: () => void;
}

/** Runs an example as a reader does, with no more of our environment than the path. */
function start(name: string, env: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, [join(EXAMPLES, name)], {
    env: {
      PATH: process.env['PATH'],
      no_proxy: '127.0.0.1',
      MASTGUARD_API_KEY: product.apiKey,
      MASTGUARD_BASE_URL: patient.url,
      OPENAI_API_KEY: 'none',
      OPENAI_BASE_URL: `${models.url}/v1`,
      ANTHROPIC_API_KEY: 'none',
      ANTHROPIC_BASE_URL: models.url,
      ...env,
    },
    timeout: WITHIN_MS,
  });
  let [text, faults] = ['', ''];
  const looks = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    for (const look of looks) look();
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (faults += piece));
  let stopped = false;
  const ended = new Promise<{ text: string; lines: string[] }>((resolve, reject) => {
    child.once('close', (code) => {
      if (code === 0 || stopped) resolve({ text, lines: text.trim().split('\n') });
      else reject(new Error(`${name} ended with ${code}:\n${text}${faults}`));
    });
  });
  const said = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const printed = new Promise<void>((resolve) => {
      const look = (): void => {
        if (!pattern.test(text)) return;
        looks.delete(look);
        resolve();
      };
      looks.add(look);
      look();
    });
    await Promise.race([printed, ended]);
    const found = pattern.exec(text);
    if (found === null) throw new Error(`${name} never said ${pattern.source}:\n${text}${faults}`);
    return found;
  };
  const program: Program = {
    said,
    ended,
    stop() {
      stopped = true;
      child.kill();
    },
  };
  running.add(program);
  child.once('close', () => running.delete(program));
  return program;
}
