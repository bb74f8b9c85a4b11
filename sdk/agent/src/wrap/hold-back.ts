/** Text that streams, in lanes that do not mix, such as the choices of one answer. Lengths are in UTF-16 code units. */
export interface HoldBack {
  /** Appends to a lane. @returns how long the lane is now */
  add: (lane: string, text: string) => number;
  /** Checks what has come since the last check, where it is enough for one. @returns the lane that has not passed */
  sweep: () => string | undefined;
  /** Whoever has the last word has passed a lane as far as it goes: no later window reaches back before this. */
  pass: (lane: string) => void;
  /** How far a lane may go out. */
  clearedTo: (lane: string) => number;
  /** Everything, or so far of each lane. */
  text: (lengths?: ReadonlyMap<string, number>) => string;
}

export interface HoldBackOptions {
  /** How much must have been checked beyond a character before it goes out, and how far a window reaches back. */
  windowChars: number;
  /** Whether a window passes. */
  check: (window: string) => boolean;
}

interface Lane {
  parts: string[];
  length: number;
  /** The end of the text: what the next window is made of. */
  tail: string;
  checkedTo: number;
  clearedTo: number;
}

/** Checks per window: more make the delay shorter, and cost as many calls. */
const CHECKS_PER_WINDOW = 2;

/**
 * A phrase of at most `windowChars` that does not pass is seen whole before its first character may go out: that one waits for `windowChars`
 * checked beyond it, and the window that reaches the end of the phrase begins at or before its start.
 */
export function createHoldBack({ windowChars, check }: HoldBackOptions): HoldBack {
  const lanes = new Map<string, Lane>();
  const step = Math.max(1, Math.floor(windowChars / CHECKS_PER_WINDOW));

  return {
    add(name, text) {
      let lane = lanes.get(name);
      if (lane === undefined) lanes.set(name, (lane = { parts: [], length: 0, tail: '', checkedTo: 0, clearedTo: 0 }));
      if (text !== '') {
        lane.parts.push(text);
        lane.tail += text;
        lane.length += text.length;
      }
      return lane.length;
    },
    sweep() {
      for (const [name, lane] of lanes) {
        if (lane.length - lane.checkedTo < step) continue;
        if (!check(lane.tail)) return name;
        lane.checkedTo = lane.length;
        lane.clearedTo = Math.max(lane.clearedTo, lane.length - windowChars);
        lane.tail = lane.tail.slice(-windowChars);
      }
      return undefined;
    },
    pass(name) {
      const lane = lanes.get(name);
      if (lane === undefined) return;
      lane.checkedTo = lane.length;
      lane.clearedTo = Math.max(lane.clearedTo, lane.length - windowChars);
      lane.tail = '';
    },
    clearedTo: (name) => lanes.get(name)?.clearedTo ?? 0,
    text: (lengths) =>
      [...lanes]
        .map(([name, { parts }]) => (lengths === undefined ? parts.join('') : parts.join('').slice(0, lengths.get(name) ?? 0)))
        .filter((text) => text !== '')
        .join('\n'),
  };
}
