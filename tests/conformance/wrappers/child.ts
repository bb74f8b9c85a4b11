import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { startModelServer } from '../../support/model-server.ts';
import { ANTHROPIC_BEHAVIOURS } from './anthropic/all-behaviours.ts';
import type { AnthropicSdk } from './anthropic/scene.ts';
import { type Observation, observe } from './observe.ts';
import { OPENAI_BEHAVIOURS } from './openai/all-behaviours.ts';
import type { OpenAISdk } from './openai/scene.ts';
import { isPeer, type Subject } from './subject.ts';
import { wrapBraintrust } from './wrap/braintrust.ts';
import { wrapLangfuse } from './wrap/langfuse.ts';
import { wrapLangSmith } from './wrap/langsmith.ts';
import type { Wrapped } from './wrap/wrapped.ts';

/**
 * Observes one subject, given as JSON in the first argument; the second is a part of the names of behaviours, for a look at some of them. A process of its
 * own: wrappers change what is global, and the newer client needs a newer Node. Prints `{ versions, observations }` in the last line.
 */
const subject = JSON.parse(process.argv[2] ?? '') as Subject;
const only = process.argv[3] ?? '';
const ours = createRequire(import.meta.url);
const peers = createRequire(join(import.meta.dirname, '../../integrations/peers/package.json'));
const load = isPeer(subject.sdk) ? peers : ours;

// Each behaviour notes its own; one that comes late must not end the process.
process.on('unhandledRejection', () => undefined);
const server = await startModelServer();
const sdk = load(subject.sdk) as OpenAISdk & AnthropicSdk;
const wrapped = await wrap(bareClient());
const scene = { wrapped, sdk, server, load: (module: string) => load(module === 'zod' ? module : `${subject.sdk}/${module}`) as unknown };
const observations: Observation[] = [];
if (subject.client === 'Anthropic') for (const behaviour of chosen(ANTHROPIC_BEHAVIOURS)) observations.push(await observe(behaviour, scene));
else for (const behaviour of chosen(OPENAI_BEHAVIOURS)) observations.push(await observe(behaviour, scene));
await wrapped.close?.();
await server.close();
process.stdout.write(`\n${JSON.stringify({ versions: versions(), observations })}\n`, () => process.exit(0));

function chosen<Named extends { name: string }>(all: readonly Named[]): Named[] {
  return all.filter(({ name }) => name.includes(only));
}

function bareClient(): object {
  const apiKey = 'test-key';
  switch (subject.client) {
    case 'OpenAI':
      return new sdk.OpenAI({ apiKey, baseURL: `${server.url}/v1` });
    case 'AzureOpenAI': {
      const { AzureOpenAI } = sdk as unknown as { AzureOpenAI: new (options: object) => object };
      return new AzureOpenAI({ apiKey, endpoint: server.url, apiVersion: '2025-04-01-preview' });
    }
    case 'Anthropic':
      return new sdk.Anthropic({ apiKey, baseURL: server.url });
  }
}

async function wrap(client: object): Promise<Wrapped> {
  switch (subject.wrapper) {
    case 'none':
      return { client, seen: async () => '' };
    case 'mastguard': {
      // The others do without its sources, which take a while to read.
      const { wrapMastGuard } = await import('./wrap/mastguard.ts');
      return wrapMastGuard(client as never, subject.client);
    }
    case 'langfuse':
      return wrapLangfuse(client, peers);
    case 'langsmith':
      return wrapLangSmith(client, peers);
    case 'braintrust':
      return wrapBraintrust(client, peers);
  }
}

function versions(): Record<string, string> {
  // Its manifest is not among what the package exports.
  const manifest = join(dirname(load.resolve(subject.sdk)), 'package.json');
  return { node: process.versions.node, sdk: (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version };
}
