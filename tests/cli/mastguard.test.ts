import { main } from '../../cli/mastguard.ts';

async function run(...args: string[]) {
  const said = { stdout: '', stderr: '' };
  const code = await main(args, {
    env: {},
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { write: (text) => (said.stderr += text) },
  });
  return { code, ...said };
}

test.each(['verify', 'export', 'mcp-proxy'])('mastguard %s says how it is used, on standard output, without doing anything', async (name) => {
  const asked = await run(name, '--help');
  expect(asked).toMatchObject({ code: 0, stderr: '' });
  expect(asked.stdout).toMatch(new RegExp(`^mastguard ${name} `));
  expect(await run(name, 'anything', '-h')).toEqual(asked);
  expect(await run('help', name)).toEqual(asked);
});

test('the commands are listed when they are asked for, and on standard error where one is missing or unknown', async () => {
  const { code, stdout } = await run('--help');
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^mastguard COMMAND[\s\S]+verify[\s\S]+export[\s\S]+mcp-proxy/)]);
  expect(await run('help')).toEqual({ code: 0, stdout, stderr: '' });
  expect(await run()).toEqual({ code: 2, stdout: '', stderr: stdout });
  expect(await run('constructor')).toEqual({ code: 2, stdout: '', stderr: `there is no command constructor\n\n${stdout}` });
});

test('a wrong command line is told apart from a question', async () => {
  const { code, stderr } = await run('verify', '--no-such-option');
  expect([code, stderr]).toEqual([2, expect.stringContaining('mastguard verify DIR')]);
});

test('--help behind -- belongs to the server that is governed', async () => {
  const { code, stdout } = await run('mcp-proxy', '--deadline-ms', 'none', '--', 'server', '--help');
  expect([code, stdout]).toEqual([2, '']);
});
