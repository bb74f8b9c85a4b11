/** The blocks of a language in a text, as they are written. */
export const codeBlocks = (text: string, language: string): string[] =>
  [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, of, block]) => (of === language ? [block ?? ''] : []));
