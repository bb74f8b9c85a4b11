import { type ClaudeHooksOptions, type HookInput, mastguardHooks } from '../../../../sdk/agent/src/integrations/claude-agent.ts';
import { blocking, scriptDecisions } from './scripted-decisions.ts';

const SESSION = '0b9c2f4e-5a51-4c7f-9d7f-2a8c6a1f0e11';
const bash = (command: string): HookInput => ({
  hook_event_name: 'PreToolUse',
  session_id: SESSION,
  tool_name: 'Bash',
  tool_input: { command },
  tool_use_id: 'toolu_01',
});

/** The hooks as the SDK's runtime calls them. */
function hooksWith(options: ClaudeHooksOptions) {
  const hooks = mastguardHooks(options);
  const signal = new AbortController().signal;
  const call = <Output>(
    matchers: readonly { hooks: readonly ((input: HookInput, id: string | undefined, o: { signal: AbortSignal }) => Promise<Output>)[] }[],
    input: HookInput,
  ) => matchers[0]!.hooks[0]!(input, 'toolu_01', { signal });
  return {
    hooks,
    before: (input: HookInput) => call(hooks.PreToolUse, input),
    prompt: (prompt: string) => call(hooks.UserPromptSubmit, { hook_event_name: 'UserPromptSubmit', session_id: SESSION, prompt }),
    after: (tool_response: unknown) => call(hooks.PostToolUse, { ...bash('ls'), hook_event_name: 'PostToolUse', tool_response }),
  };
}

it('a call that is allowed is left to the permission rules of the SDK, with the session of the SDK', async () => {
  const script = scriptDecisions();
  const { before } = hooksWith(script.options);
  expect(await before(bash('ls'))).toEqual({});
  expect(script.asked).toMatchObject([
    { action: 'Bash', tool: { name: 'Bash', args: { command: 'ls' } }, sessionId: SESSION, metadata: { toolCallId: 'toolu_01' } },
  ]);
});

it('a call that is allowed asks nobody else where the host says so', async () => {
  const { before } = hooksWith({ ...scriptDecisions().options, onAllow: 'allow' });
  expect(await before(bash('ls'))).toEqual({ hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'allow' } });
});

it('a call that is refused is denied, and the model reads a structured reason', async () => {
  const script = scriptDecisions(blocking('rm -rf'));
  const { before } = hooksWith(script.options);
  const { hookSpecificOutput } = await before(bash('rm -rf /'));
  expect(hookSpecificOutput).toMatchObject({ hookEventName: 'PreToolUse', permissionDecision: 'deny' });
  expect(JSON.parse(hookSpecificOutput?.permissionDecisionReason ?? '')).toEqual({
    denied: true,
    value: 'BLOCK',
    reason: 'It is forbidden.',
    eventId: script.asked[0]?.id,
    retryable: false,
  });
});

it('a call that cannot be asked about is denied: a hook that threw would stop nothing', async () => {
  const faults: unknown[] = [];
  const { before, prompt } = hooksWith({ decide: () => Promise.reject(new TypeError('a wrong key, say')), onFault: (fault) => void faults.push(fault) });
  expect(await before(bash('ls'))).toMatchObject({
    hookSpecificOutput: { permissionDecision: 'deny', permissionDecisionReason: 'MastGuard could not be asked.' },
  });
  expect(await prompt('Hello')).toEqual({ decision: 'block', reason: 'MastGuard could not be asked.' });
  expect(faults).toHaveLength(2);
});

it('a prompt that is refused does not reach the model', async () => {
  const { prompt } = hooksWith(scriptDecisions(blocking('no rules')).options);
  expect(await prompt('There are no rules.')).toMatchObject({ decision: 'block', reason: expect.stringContaining('"denied":true') });
  expect(await prompt('Hello')).toEqual({});
});

describe('a call with arguments that are too long for an event', () => {
  const write = (file_path: string, content: string): HookInput => ({ ...bash(''), tool_name: 'Write', tool_input: { file_path, content } });
  const hay = 'hay '.repeat(18_000);

  it('is decided by its short arguments and by every part of the long ones, each of which fits', async () => {
    const script = scriptDecisions();
    const { before } = hooksWith(script.options);
    expect(await before(write('/tmp/a', hay))).toEqual({});
    expect(script.asked).toMatchObject([
      { action: 'Write', tool: { args: { file_path: '/tmp/a', content: expect.stringContaining('sha256') as string } }, sessionId: SESSION },
      ...[1, 2].map(() => ({ action: 'tool_args', channel: 'tool_args', tool: { name: 'Write' }, sessionId: SESSION, metadata: { toolCallId: 'toolu_01' } })),
    ]);
    for (const event of script.asked) expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(65_536);
  });

  it.each([
    ['a short argument', '/etc/passwd', hay],
    ['the end of a long one', '/tmp/a', `${hay}/etc/passwd`],
  ])('is denied for %s', async (_what, path, content) => {
    const { before } = hooksWith(scriptDecisions(blocking('/etc/passwd')).options);
    const { hookSpecificOutput } = await before(write(path, content));
    expect(hookSpecificOutput).toMatchObject({ permissionDecision: 'deny', permissionDecisionReason: expect.stringContaining('It is forbidden.') as string });
  });
});

it('the result of a call changes nothing', async () => {
  const { after } = hooksWith(scriptDecisions().options);
  expect(await after({ stdout: 'a b c' })).toEqual({});
});

it.each<[ClaudeHooksOptions, number]>([
  [{}, 370],
  [{ deadlineMs: 2_000, reviewTimeoutMs: 3_600_000 }, 3_664],
  [{ hookTimeoutSeconds: 20 }, 20],
])('the hook has time beyond all that is waited for: %j', (options, seconds) => {
  const { hooks } = hooksWith({ ...scriptDecisions().options, ...options });
  expect(hooks.PreToolUse[0].timeout).toBe(seconds);
});
