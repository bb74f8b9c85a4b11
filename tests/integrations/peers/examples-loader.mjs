/** Lets the examples run where they stand: the frameworks are those beside this file, and the package is its sources. Needs a Node that strips types. */
import { registerHooks } from 'node:module';

const PACKAGE = '@auxdynamics/mastguard-agent-sdk';
const SOURCES = {
  '': 'index.ts',
  '/ai-v6': 'integrations/vercel-ai.ts',
  '/langchain': 'integrations/langchain.ts',
  '/openai-agents': 'integrations/openai-agents.ts',
  '/mastra': 'integrations/mastra.ts',
  '/claude-agent': 'integrations/claude-agent.ts',
  '/express': 'integrations/express.ts',
};

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith(PACKAGE))
      return next(new URL(`../../../sdk/agent/src/${SOURCES[specifier.slice(PACKAGE.length)]}`, import.meta.url).href, context);
    const isFromExample = context.parentURL?.includes('/examples/integrations/') === true && /^[a-z@]/.test(specifier);
    return next(specifier, isFromExample ? { ...context, parentURL: import.meta.url } : context);
  },
});
