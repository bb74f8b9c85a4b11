#!/usr/bin/env node
/** `npm run build`: dist/ from the sources, when they have changed. */
import { build } from './lib/build.mjs';
import { createProgress } from './lib/progress.mjs';

const built = await build(createProgress({ stream: process.stderr }));
process.stdout.write(built ? 'built dist/\n' : 'dist/ is up to date\n');
