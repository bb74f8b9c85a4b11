/**
 * Claude Agent SDK: its hooks ask before a prompt is read and before a tool runs. With `@anthropic-ai/claude-agent-sdk` installed and `ANTHROPIC_API_KEY` set the
 * agent runs; without, its hook is shown two calls.
 */
import { mastguardHooks } from '@auxdynamics/mastguard-agent-sdk/claude-agent';
import { options } from './options.mjs';

const hooks = mastguardHooks(options);

if (process.env.ANTHROPIC_API_KEY) {
  const { query } = await import('@anthropic-ai/claude-agent-sdk');
  for await (const message of query({ prompt: 'List the files here.', options: { hooks } })) console.log(message.type);
} else {
  const [
    {
      hooks: [beforeTool],
      timeout,
    },
  ] = hooks.PreToolUse;
  console.log(`the hook has ${timeout} s`);
  for (const to of ['ann@example.com', 'eve@elsewhere.example']) {
    const input = { hook_event_name: 'PreToolUse', session_id: 'session-1', tool_name: 'send_email', tool_input: { to }, tool_use_id: `toolu_${to.length}` };
    console.log(to, await beforeTool(input, input.tool_use_id, { signal: new AbortController().signal }));
  }
}
