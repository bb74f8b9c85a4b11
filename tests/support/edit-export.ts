import { lines } from './ledger-export.ts';
import type { ExportFiles } from './ledger-export.ts';

/** Edits of an export's files. Each answers another export and throws where it has changed nothing, so that no test spoils nothing. */
export type Edit = (files: ExportFiles) => ExportFiles;

export const edits =
  (...all: readonly Edit[]): Edit =>
  (files) =>
    all.reduce((edited, edit) => edit(edited), files);

export function setFile(name: string, content: string | Buffer): Edit {
  return (files) => {
    if (files.get(name) === content) throw new Error(`${name} has not changed`);
    return new Map([...files, [name, content]]);
  };
}

export const dropFile =
  (name: string): Edit =>
  (files) => {
    if (!files.has(name)) throw new Error(`there is no ${name}`);
    return new Map([...files].filter(([each]) => each !== name));
  };

/** Changes the text of a file. */
export const editText =
  (name: string, change: (text: string) => string): Edit =>
  (files) =>
    setFile(name, change(textOf(files, name)))(files);

/** Changes the lines of a file, given without their LF. */
export const editLines = (name: string, change: (all: string[]) => readonly string[]): Edit =>
  editText(name, (text) => lines(change(text.split('\n').slice(0, -1))));

/** Changes one line. */
export const editLine = (name: string, index: number, change: (line: string) => string): Edit =>
  editLines(name, (all) => all.map((line, at) => (at === index ? change(line) : line)));

/** Sets members of the object in one line. Not for bodies. */
export const setLine = (name: string, index: number, members: object): Edit =>
  editLine(name, index, (line) => JSON.stringify({ ...(JSON.parse(line) as object), ...members }));

export const dropLine = (name: string, index: number, count = 1): Edit => editLines(name, (all) => all.toSpliced(index, count));

export const repeatLine = (name: string, index: number): Edit => editLines(name, (all) => all.flatMap((line, at) => (at === index ? [line, line] : [line])));

export const insertLine = (name: string, index: number, line: string): Edit => editLines(name, (all) => all.toSpliced(index, 0, line));

/** Swaps a line with the next one. */
export const swapLines = (name: string, index: number): Edit => editLines(name, (all) => all.toSpliced(index, 2, all[index + 1] ?? '', all[index] ?? ''));

/** Sets members of the object that is a whole file. */
export const setJson = (name: string, members: object): Edit => editText(name, (text) => JSON.stringify({ ...(JSON.parse(text) as object), ...members }));

/** Sets members of a body's line, leaving the body as it is. */
export const setBody = (index: number, members: object): Edit =>
  editLine('bodies.ndjson', index, (line) => {
    const { head, body } = splitBody(line);
    return `${JSON.stringify({ ...head, ...members }).slice(0, -1)}${body}`;
  });

/** Sets members of the columns beside a body. */
export const setFields = (index: number, members: object): Edit =>
  editLine('bodies.ndjson', index, (line) => {
    const { head, body } = splitBody(line);
    return `${JSON.stringify({ ...head, fields: { ...head.fields, ...members } }).slice(0, -1)}${body}`;
  });

/** Replaces a text that must stand exactly once in a line. */
export const replaceInLine = (name: string, index: number, from: string, to: string): Edit =>
  editLine(name, index, (line) => {
    if (line.split(from).length !== 2) throw new Error(`${from} does not stand once in line ${index} of ${name}`);
    return line.replace(from, () => to);
  });

/** Another character of the same alphabet, hex or base64. */
export const flipAt = (text: string, index: number): string => `${text.slice(0, index)}${text[index] === 'a' ? 'b' : 'a'}${text.slice(index + 1)}`;

export function lineOf<T>(files: ExportFiles, name: string, index: number): T {
  return JSON.parse(textOf(files, name).split('\n')[index] ?? '') as T;
}

function splitBody(line: string): { head: { fields: object }; body: string } {
  const mark = line.indexOf(',"body":');
  return { head: JSON.parse(`${line.slice(0, mark)}}`) as { fields: object }, body: line.slice(mark) };
}

function textOf(files: ExportFiles, name: string): string {
  const content = files.get(name);
  if (typeof content !== 'string') throw new Error(`${name} is no text`);
  return content;
}
