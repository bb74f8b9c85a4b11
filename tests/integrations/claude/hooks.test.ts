import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mastguardHooks } from '../../../sdk/agent/src/integrations/claude-agent.ts';
import type { ShieldOptions } from '../../../sdk/agent/src/shield-options.ts';
import { blocking, scriptDecisions } from '../../sdk/agent/integrations/scripted-decisions.ts';
import { canRun } from '../peers/install.ts';

const NAME = '@anthropic-ai/claude-agent-sdk';
const suite = canRun(NAME, import.meta.dirname) ? describe : describe.skip;

interface HookAnswer {
  decision?: string;
  hookSpecificOutput?: { permissionDecision?: string; permissionDecisionReason?: string };
}
interface Told {
  prompt: HookAnswer[];
  calls: { name: string; before: HookAnswer[]; ran: boolean; after: HookAnswer[] }[];
}

/** The library itself runs the hooks; a stand-in fires them, for its executable needs a model. */
suite(`the hooks in ${NAME}`, () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'mastguard-claude-'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const run = async (options: ShieldOptions, prompt: string): Promise<Told> => {
    const { query } = (await import(NAME)) as { query: (given: object) => AsyncIterable<{ type: string; result?: string }> };
    const env = { PATH: process.env['PATH'], HOME: home };
    const given = { hooks: mastguardHooks(options), pathToClaudeCodeExecutable: join(import.meta.dirname, 'stand-in.mjs'), cwd: home, env };
    for await (const message of query({ prompt, options: given })) {
      if (message.type === 'result') return JSON.parse(message.result ?? '') as Told;
    }
    throw new Error('the run ended without a result');
  };

  it('ask before a prompt is read and before a tool runs, and are told what it answered', async () => {
    const script = scriptDecisions(blocking('rm -rf'));
    const { prompt, calls } = await run(script.options, 'Bash {"command":"ls"}\nBash {"command":"rm -rf /srv"}');
    // The prompt names the forbidden command.
    expect(prompt).toMatchObject([{ decision: 'block' }]);
    expect(calls).toEqual([]);

    const careful = scriptDecisions(({ tool }) =>
      JSON.stringify(tool?.args ?? {}).includes('rm -rf') ? { value: 'BLOCK', reason: 'It is forbidden.' } : undefined,
    );
    const told = await run(careful.options, 'Bash {"command":"ls"}\nBash {"command":"rm -rf /srv"}');
    expect(told.prompt).toMatchObject([{}]);
    expect(told.calls).toMatchObject([
      { ran: true, after: [{}] },
      { ran: false, before: [{ hookSpecificOutput: { permissionDecision: 'deny', permissionDecisionReason: expect.stringContaining('"denied":true') } }] },
    ]);
    expect(careful.asked.map(({ action, tool }) => [action, tool?.args])).toEqual([
      ['chat', undefined],
      ['Bash', { command: 'ls' }],
      ['Bash', { command: 'rm -rf /srv' }],
    ]);
  });

  it('refuse where nobody can be asked', async () => {
    const away = { apiKey: 'mg_test_key', baseUrl: 'http://127.0.0.1:1', onFault: () => undefined };
    const { prompt, calls } = await run(away, 'Bash {"command":"ls"}');
    expect([prompt, calls]).toMatchObject([[{ decision: 'block' }], []]);
  });
});
