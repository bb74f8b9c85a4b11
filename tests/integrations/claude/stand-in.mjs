/**
 * In the place of Claude Code's executable: speaks its stream of JSON lines with the SDK and has no model. For every line of the prompt, `<tool> <JSON
 * arguments>`, it fires the hooks that the SDK has registered, as before and after a call of that tool, and answers with what they said.
 */
import { createInterface } from 'node:readline';

const SESSION = '6f1c4d6e-2b53-4c53-9a51-6f5a2f0f7a01';
const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const waiting = new Map();
let hooks = {};
let asked = 0;

/** What the hooks of an event say, one after the other. */
async function fire(event, input) {
  const answers = [];
  for (const { hookCallbackIds } of hooks[event] ?? []) {
    for (const callback of hookCallbackIds) {
      const id = `hook-${(asked += 1)}`;
      const common = { hook_event_name: event, session_id: SESSION, transcript_path: '/dev/null', cwd: process.cwd() };
      send({
        type: 'control_request',
        request_id: id,
        request: { subtype: 'hook_callback', callback_id: callback, input: { ...common, ...input }, tool_use_id: input.tool_use_id },
      });
      answers.push(await new Promise((resolve) => waiting.set(id, resolve)));
    }
  }
  return answers;
}

async function run(prompt) {
  const heard = [...(await fire('UserPromptSubmit', { prompt }))];
  if (heard.some(({ decision }) => decision === 'block')) return { prompt: heard, calls: [] };
  const calls = [];
  for (const [index, line] of prompt.split('\n').entries()) {
    const [, name, args] = /^(\w+) (\{.*\})$/.exec(line) ?? [];
    if (name === undefined) continue;
    const call = { tool_name: name, tool_input: JSON.parse(args), tool_use_id: `toolu_${index}` };
    const before = await fire('PreToolUse', call);
    const denied = before.some(({ hookSpecificOutput }) => hookSpecificOutput?.permissionDecision === 'deny');
    calls.push({ name, before, ran: !denied, after: denied ? [] : await fire('PostToolUse', { ...call, tool_response: 'done' }) });
  }
  return { prompt: heard, calls };
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.type === 'control_request') {
    if (message.request.subtype === 'initialize') hooks = message.request.hooks ?? {};
    send({
      type: 'control_response',
      response: { subtype: 'success', request_id: message.request_id, response: { commands: [], models: [], output_style: 'default' } },
    });
  } else if (message.type === 'control_response') {
    const { request_id: id, response } = message.response;
    waiting.get(id)?.(response ?? {});
    waiting.delete(id);
  } else if (message.type === 'user') {
    const { content } = message.message;
    const prompt = typeof content === 'string' ? content : content.map(({ text }) => text).join('\n');
    void (async () => {
      const told = await run(prompt);
      const result = {
        subtype: 'success',
        is_error: false,
        result: JSON.stringify(told),
        session_id: SESSION,
        duration_ms: 1,
        duration_api_ms: 0,
        num_turns: 1,
        total_cost_usd: 0,
      };
      send({ type: 'result', ...result, usage: {}, modelUsage: {}, permission_denials: [] });
    })();
  }
}
