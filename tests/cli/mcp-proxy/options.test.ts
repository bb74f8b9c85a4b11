import { homedir } from 'node:os';
import { join } from 'node:path';
import { readOptions, UsageError } from '../../../cli/mcp-proxy/options.ts';

test('the command of the server is all that must be there', () => {
  expect(readOptions(['--', 'npx', '-y', 'a-server', '--hold-seconds', '1'])).toEqual({
    server: { command: 'npx', args: ['-y', 'a-server', '--hold-seconds', '1'] },
    serverName: undefined,
    apiKey: undefined,
    baseUrl: undefined,
    agentId: undefined,
    sessionId: undefined,
    onUnavailable: 'block',
    deadlineMs: 2_000,
    holdMs: 180_000,
    pins: join(homedir(), '.mastguard', 'mcp-pins.json'),
    acceptChanges: false,
  });
});

test('every option is read; key and address come from the environment, and an agent of the command line comes first', () => {
  const argv =
    '--agent-id a --session-id s --server-name files --on-unavailable local-policy --deadline-ms 500 --hold-seconds 0.5 --pins /tmp/p --accept-changes --url https://example.com/mcp --header';
  const env = { MASTGUARD_API_KEY: 'k', MASTGUARD_BASE_URL: 'http://127.0.0.1:1', MASTGUARD_AGENT_ID: 'b' };
  expect(readOptions([...argv.split(' '), 'Authorization: Bearer a:b'], env)).toEqual({
    server: { url: new URL('https://example.com/mcp'), headers: { Authorization: 'Bearer a:b' } },
    serverName: 'files',
    apiKey: 'k',
    baseUrl: 'http://127.0.0.1:1',
    agentId: 'a',
    sessionId: 's',
    onUnavailable: 'local-policy',
    deadlineMs: 500,
    holdMs: 500,
    pins: '/tmp/p',
    acceptChanges: true,
  });
});

test.each([
  [[]],
  [['--']],
  [['a-server']],
  [['--url', 'https://example.com', '--', 'a-server']],
  [['--url', 'file:///etc/passwd']],
  [['--on-unavailable', 'open', '--', 'a']],
  [['--hold-seconds', '0', '--', 'a']],
  [['--hold-seconds', 'long', '--', 'a']],
  [['--header', 'a: b', '--', 'a']],
  [['--url', 'https://example.com', '--header', 'secret-without-a-name']],
  [['--unknown', '--', 'a']],
])('%j is refused as a wrong command line', (argv) => {
  expect(() => readOptions(argv)).toThrow(UsageError);
});

test('a wrong header is not repeated: it may be a secret', () => {
  let said = '';
  try {
    readOptions(['--url', 'https://example.com', '--header', 'secret']);
  } catch (error) {
    said = String(error);
  }
  expect(said).toMatch(/^Error: --header is/);
  expect(said).not.toContain('secret');
});
