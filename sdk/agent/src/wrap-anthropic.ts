import { governClient, type StainlessClient } from './wrap/stainless-client.ts';
import type { WrapOptions } from './wrap-options.ts';

/** Options that the clients for other clouds do not pass on to their copies. */
const OF_CLOUDS = ['awsRegion', 'awsAccessKey', 'awsSecretKey', 'awsSessionToken', 'providerChainResolver', 'region', 'projectId'];

/**
 * The same client, governed: what is asked of a model, what it says and thinks and the tools it asks to use, in one piece or streamed. The one
 * passed in stays as it is. For `@anthropic-ai/sdk` and its clients for Bedrock and Vertex.
 * @example const anthropic = wrapAnthropic(new Anthropic(), { apiKey: 'mg_live_…' })
 * @throws TypeError where it is no such client
 */
export function wrapAnthropic<Client extends StainlessClient>(client: Client, options: WrapOptions = {}): Client {
  const cloud = 'awsRegion' in client ? 'aws.bedrock' : 'projectId' in client ? 'gcp.vertex_ai' : 'anthropic';
  return governClient(client, options, { provider: cloud, carried: Object.fromEntries(OF_CLOUDS.map((name) => [name, name])) });
}
