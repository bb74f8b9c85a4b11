/** A client, as it comes or wrapped. */
export interface Subject {
  client: ClientKind;
  /** As it is installed: `openai7` is the newer line of `openai`, which needs a newer Node. */
  sdk: 'openai' | 'openai7' | '@anthropic-ai/sdk';
  wrapper: WrapperName;
}

export type ClientKind = 'OpenAI' | 'AzureOpenAI' | 'Anthropic';
export type WrapperName = 'none' | 'mastguard' | 'langfuse' | 'langsmith' | 'braintrust';

/** Where it is installed from: what is compared with is no dependency of ours. */
export const isPeer = (name: Subject['sdk'] | WrapperName): boolean => !['openai', '@anthropic-ai/sdk', 'none', 'mastguard'].includes(name);

/** The bare clients, each with what is wrapped around it. */
export const COMPARED: readonly { bare: Subject; wrapped: readonly Subject[] }[] = [
  compared('OpenAI', 'openai', ['mastguard', 'langfuse', 'langsmith', 'braintrust']),
  compared('AzureOpenAI', 'openai', ['mastguard']),
  compared('OpenAI', 'openai7', ['mastguard', 'langfuse', 'langsmith', 'braintrust']),
  compared('AzureOpenAI', 'openai7', ['mastguard']),
  compared('Anthropic', '@anthropic-ai/sdk', ['mastguard']),
];

function compared(client: ClientKind, sdk: Subject['sdk'], wrappers: readonly WrapperName[]): { bare: Subject; wrapped: Subject[] } {
  return { bare: { client, sdk, wrapper: 'none' }, wrapped: wrappers.map((wrapper) => ({ client, sdk, wrapper })) };
}
