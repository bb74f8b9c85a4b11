import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildWorkflowBundle } from './workflow-bundle.ts';

const path = process.argv[2] ?? join(import.meta.dirname, '..', 'workflow-bundle.js');
const code = await buildWorkflowBundle();
await writeFile(path, code);
process.stdout.write(`workflow bundle: ${Math.round(code.length / 1024)} KiB\n`);
