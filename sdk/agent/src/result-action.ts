/**
 * The action of an event that is a tool's result; the tool's name stands in `tool`. Rules name actions: a rule that has people decide about a call
 * must not ask them about its answer again.
 */
export const RESULT_ACTION = 'tool_result';
