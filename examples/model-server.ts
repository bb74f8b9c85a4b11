import { parseArgs } from 'node:util';
import { startModelServer } from '../tests/support/model-server.ts';
import { story } from './story.ts';

/** `npx tsx examples/model-server.ts [--port 9900]`: plays OpenAI and Anthropic for the examples, so that they run without an account. */
const { values } = parseArgs({ options: { port: { type: 'string', default: '9900' } } });
const { url } = await startModelServer({ behave: story, port: Number(values.port) });
process.stdout.write(
  ['OPENAI_API_KEY=none', 'ANTHROPIC_API_KEY=none', `OPENAI_BASE_URL=${url}/v1`, `ANTHROPIC_BASE_URL=${url}`].map((line) => `export ${line}\n`).join(''),
);
