import { governClient, type StainlessClient } from './wrap/stainless-client.ts';
import type { WrapOptions } from './wrap-options.ts';

/**
 * The same client of Azure OpenAI, governed as `wrapOpenAI` governs.
 * @example const openai = wrapAzureOpenAI(new AzureOpenAI({ apiVersion }), { apiKey: 'mg_live_…' })
 * @throws TypeError where it is no such client
 */
export function wrapAzureOpenAI<Client extends StainlessClient>(client: Client, options: WrapOptions = {}): Client {
  return governClient(client, options, {
    provider: 'azure.ai.openai',
    // Lost by `withOptions` up to openai 6.
    carried: { apiVersion: 'apiVersion', deployment: 'deploymentName' },
    // A deployment is asked whatever model the body names, where the path is one of a deployment's.
    model: (azure, path) => (path.startsWith('/responses') ? undefined : (azure as { deploymentName?: string }).deploymentName),
  });
}
