import { permitInput, permitOutput } from './conversation.ts';
import type { GovernorOptions } from '../shield.ts';
import { governorOf } from './governor-of.ts';
import { governedStream } from './vercel-ai-stream.ts';
import { type CallOptions, draftOfModelCall, type GenerateResult, heardMessages, type MiddlewareModel, saidText, type StreamPart } from './vercel-ai-model.ts';
import { type GovernedParts, governedPart } from './vercel-ai-parts.ts';

export { type Denial, isDenial } from './denial.ts';
export { type AiTool, governTool, governTools, type GovernToolsOptions } from './vercel-ai-tools.ts';

export type MiddlewareOptions = GovernorOptions & {
  /**
   * Calls of tools the model asks for. `govern`: they are decided before anybody sees them; one that is refused ends the model call with
   * MastGuardBlockedError. `ignore`: they are decided where they are made, because the tools went through `governTools`. Default: `govern`.
   */
  toolCalls?: 'govern' | 'ignore' | undefined;
  /** How much of a streaming answer is held back, in UTF-16 code units: what is refused and not longer is seen before any of it goes out. Default: 256. */
  windowChars?: number | undefined;
};

export interface MastGuardMiddleware {
  specificationVersion: 'v3';
  transformParams: <Params extends CallOptions>(call: { params: Params; model: MiddlewareModel }) => Promise<Params>;
  wrapGenerate: <Result extends GenerateResult>(call: {
    doGenerate: () => PromiseLike<Result>;
    params: CallOptions;
    model: MiddlewareModel;
  }) => Promise<Result>;
  wrapStream: <Result extends { stream: ReadableStream }>(call: {
    doStream: () => PromiseLike<Result>;
    params: CallOptions;
    model: MiddlewareModel;
  }) => Promise<Result>;
}

/**
 * Governs what reaches a model and what it answers, as a middleware of AI SDK 6 (`LanguageModelV3Middleware`). Of an answer that streams, text is
 * held back until it has been looked at, and calls of tools until they are decided. Agent, session and principal of one call may be given in its
 * `providerOptions.mastguard`.
 * @example wrapLanguageModel({ model, middleware: mastguardMiddleware({ apiKey }) })
 */
export function mastguardMiddleware(options: MiddlewareOptions): MastGuardMiddleware {
  const governor = governorOf(options);
  const { windowChars = 256 } = options;
  const decidesTools = (options.toolCalls ?? 'govern') === 'govern';
  return {
    specificationVersion: 'v3',
    async transformParams({ params, model }) {
      await permitInput(governor, heardMessages(params.prompt), draftOfModelCall(params, model), { signal: params.abortSignal });
      return params;
    },
    async wrapGenerate({ doGenerate, params, model }) {
      const parts = { governor, draft: draftOfModelCall(params, model), decidesTools, signal: params.abortSignal };
      const result = await doGenerate();
      return { ...result, content: await governedContent(parts, result.content) };
    },
    async wrapStream({ doStream, params, model }) {
      const parts = { governor, draft: draftOfModelCall(params, model), decidesTools, signal: params.abortSignal };
      const result = await doStream();
      return { ...result, stream: governedStream(result.stream as ReadableStream<StreamPart>, { ...parts, windowChars }) };
    },
  };
}

async function governedContent(parts: GovernedParts, content: GenerateResult['content']): Promise<GenerateResult['content']> {
  const { governor, draft, signal } = parts;
  await permitOutput(governor, saidText(content), draft, { signal });
  const governed: GenerateResult['content'] = [];
  for (const part of content) governed.push(await governedPart(part, parts));
  return governed;
}
