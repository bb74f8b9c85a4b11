/** One event of a server-sent event stream. `raw` is what was sent for it, its blank line included. */
export interface SseFrame {
  raw: string;
  /** `undefined` where the frame names none. */
  event: string | undefined;
  /** The lines of data joined by a line break; `undefined` for a comment or a frame without data. */
  data: string | undefined;
}

export interface SseDecoder {
  /** The frames that are complete with these bytes. */
  push: (bytes: Uint8Array) => SseFrame[];
  /** What was left without a blank line behind it. */
  end: () => SseFrame[];
}

/** A line's end. A carriage return at the very end of what is known may be the first half of one. */
const LINE_END = /\r\n|\n|\r(?!$)/g;

/**
 * Reads server-sent events (WHATWG HTML, 9.2) in whatever pieces they come. The `raw` of all frames, one after the other, is what was sent, less
 * a byte order mark.
 */
export function createSseDecoder(): SseDecoder {
  const decoder = new TextDecoder();
  let text = '';
  let lineStart = 0;
  let lines: string[] = [];

  const takeFrames = (): SseFrame[] => {
    const frames: SseFrame[] = [];
    let frameStart = 0;
    LINE_END.lastIndex = lineStart;
    for (let end = LINE_END.exec(text); end !== null; end = LINE_END.exec(text)) {
      const line = text.slice(lineStart, end.index);
      lineStart = LINE_END.lastIndex;
      if (line !== '') {
        lines.push(line);
        continue;
      }
      frames.push(frameOf(text.slice(frameStart, lineStart), lines));
      frameStart = lineStart;
      lines = [];
    }
    text = text.slice(frameStart);
    lineStart -= frameStart;
    return frames;
  };

  return {
    push(bytes) {
      text += decoder.decode(bytes, { stream: true });
      return takeFrames();
    },
    end() {
      text += decoder.decode();
      const frames = takeFrames();
      if (text === '') return frames;
      const last = text.slice(lineStart).replace(/\r$/, '');
      frames.push(frameOf(text, last === '' ? lines : [...lines, last]));
      text = '';
      return frames;
    },
  };
}

/** A frame as it is sent. */
export function encodeSse({ event, data }: { event?: string | undefined; data: string }): string {
  const fields = data.split('\n').map((line) => `data: ${line}\n`);
  return `${event === undefined ? '' : `event: ${event}\n`}${fields.join('')}\n`;
}

function frameOf(raw: string, lines: readonly string[]): SseFrame {
  let event: string | undefined;
  const data: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
  }
  return { raw, event, data: data.length === 0 ? undefined : data.join('\n') };
}
