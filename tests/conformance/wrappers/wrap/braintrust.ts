import type { Load, Wrapped } from './wrapped.ts';

interface Braintrust {
  wrapOpenAI: (client: object) => object;
  initLogger: (options: object) => unknown;
  _exportsForTestingOnly: {
    simulateLoginForTests: () => Promise<unknown>;
    useTestBackgroundLogger: () => { drain: () => Promise<unknown[]> };
  };
}

/** braintrust's `wrapOpenAI` as its documentation has it, with the logger that its own tests use. */
export async function wrapBraintrust(client: object, load: Load): Promise<Wrapped> {
  const { wrapOpenAI, initLogger, _exportsForTestingOnly: testing } = load('braintrust') as Braintrust;
  await testing.simulateLoginForTests();
  const logger = testing.useTestBackgroundLogger();
  initLogger({ projectName: 'conformance', projectId: 'conformance' });
  const logged: string[] = [];
  return {
    client: wrapOpenAI(client),
    async seen() {
      logged.push(JSON.stringify(await logger.drain()));
      return logged.join('\n');
    },
  };
}
