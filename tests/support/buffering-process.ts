import { fileBuffer } from '../../sdk/agent/src/file-buffer.ts';

/** Appends events of these lengths to the file, one after the other; says on standard output what came of each. */
const [path = '', ...lengths] = process.argv.slice(2);
const buffer = fileBuffer({ path });
for (const [index, length] of lengths.entries()) {
  let said = 'kept';
  try {
    buffer.append({ event: { id: String(index), agentId: 'a', action: 'x', content: 'x'.repeat(Number(length)) } });
  } catch (error) {
    said = (error as { code?: string }).code ?? String(error);
  }
  process.stdout.write(`${said}\n`);
}
