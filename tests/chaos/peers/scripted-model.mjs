import { Usage } from '@openai/agents';

/**
 * In place of a language model: calls the tools one after another, then says that it is done. Nothing leaves the machine.
 * @param {readonly string[]} tools
 * @returns {import('@openai/agents').Model}
 */
export function scriptedModel(tools) {
  return {
    async getResponse({ input }) {
      const done = Array.isArray(input) ? input.filter(({ type }) => type === 'function_call_result').length : 0;
      const name = tools[done];
      return { usage: new Usage(), output: [name === undefined ? message('Done.') : toolCall(name, done)] };
    },
    getStreamedResponse() {
      throw new Error('the drill does not stream');
    },
  };
}

/** @param {string} name @param {number} index */
function toolCall(name, index) {
  return { type: /** @type {const} */ ('function_call'), callId: `call-${index}`, name, status: /** @type {const} */ ('completed'), arguments: '{}' };
}

/** @param {string} text */
function message(text) {
  return {
    type: /** @type {const} */ ('message'),
    role: /** @type {const} */ ('assistant'),
    status: /** @type {const} */ ('completed'),
    content: [{ type: /** @type {const} */ ('output_text'), text }],
  };
}
