import { isMembers, type RpcAnswer } from './json-rpc.ts';

/** What of an answer to a tool call a model will read: texts, links and embedded resources, structured content, and errors. Not images, sound and other bytes. */
export function resultText(answer: RpcAnswer): string {
  if ('error' in answer) return joined([answer.error.message, answer.error.data === undefined ? '' : JSON.stringify(answer.error.data)]);
  const { content, structuredContent, toolResult } = answer.result;
  const text = joined(Array.isArray(content) ? content.map(textOfItem) : []);
  return joined([text, ...[structuredContent, toolResult].map((value) => (value === undefined || isSaid(value, text) ? '' : JSON.stringify(value)))]);
}

function textOfItem(item: unknown): string {
  if (!isMembers(item)) return '';
  const { type } = item;
  if (type === 'text' && typeof item['text'] === 'string') return item['text'];
  if (type === 'image' || type === 'audio') return '';
  if (type === 'resource' && isMembers(item['resource'])) return JSON.stringify({ ...item['resource'], blob: undefined });
  return JSON.stringify(item);
}

/** Servers say structured content in plain text as well, for clients that do not know it. */
function isSaid(value: unknown, text: string): boolean {
  if (typeof value === 'string') return text.includes(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, member]) => (Array.isArray(value) || text.includes(key) || PLAIN_NAME.test(key)) && isSaid(member, text));
}

/** Too short to talk anybody into anything. */
const PLAIN_NAME = /^[A-Za-z0-9_-]{1,32}$/;

const joined = (texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n');
