#!/usr/bin/env node
/** `npm run reference`: docs/reference from the sources of the npm packages. */
import { createProgress } from './lib/progress.mjs';
import { writeReference } from './lib/reference.mjs';

await writeReference(createProgress({ stream: process.stderr }));
