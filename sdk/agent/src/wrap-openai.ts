import { governClient, type StainlessClient } from './wrap/stainless-client.ts';
import type { WrapOptions } from './wrap-options.ts';

/**
 * The same client, governed: what is asked of a model, what it says and the tool calls it asks for, in one piece or streamed. The one passed in
 * stays as it is. For `openai` 5 to 7.
 * @example const openai = wrapOpenAI(new OpenAI(), { apiKey: 'mg_live_…' })
 * @throws TypeError where it is no such client
 */
export function wrapOpenAI<Client extends StainlessClient>(client: Client, options: WrapOptions = {}): Client {
  return governClient(client, options, { provider: 'openai' });
}
