import type { Governor } from '../governor.ts';
import type { HeardMessage } from './heard-message.ts';

/** A beginning of a conversation, and how it has gone on. */
interface Turn {
  hasPassed: boolean;
  next: Partial<Record<HeardMessage['role'], Map<string, Turn>>>;
}

/** Texts are kept as they are, which is faster than to hash a long history again with every call. Beyond this, all is forgotten, and governed again. */
const MAX_CHARS = 8_000_000;

interface Memory {
  start: Turn;
  chars: number;
}

const memories = new WeakMap<Governor, Memory>();

function memoryOf(governor: Governor): Memory {
  const memory = memories.get(governor) ?? { start: turn(), chars: 0 };
  memories.set(governor, memory);
  return memory;
}

/** How many of the messages, from the first on, have passed before; `of` tells conversations of different agents and sessions apart. */
export function passedBefore(governor: Governor, of: string, messages: readonly HeardMessage[]): number {
  let at: Turn | undefined = memoryOf(governor).start.next.system?.get(of);
  let passed = 0;
  for (const [index, { role, text }] of messages.entries()) {
    at = at?.next[role]?.get(text);
    if (at === undefined) break;
    if (at.hasPassed) passed = index + 1;
  }
  return passed;
}

export function rememberPassed(governor: Governor, of: string, messages: readonly HeardMessage[]): void {
  const memory = memoryOf(governor);
  if (memory.chars > MAX_CHARS) Object.assign(memory, { start: turn(), chars: 0 });
  let at = memory.start;
  for (const { role, text } of [{ role: 'system' as const, text: of }, ...messages]) {
    const after = (at.next[role] ??= new Map<string, Turn>());
    const known = after.get(text);
    if (known === undefined) memory.chars += text.length;
    at = known ?? turn();
    after.set(text, at);
  }
  at.hasPassed = true;
}

const turn = (): Turn => ({ hasPassed: false, next: {} });
