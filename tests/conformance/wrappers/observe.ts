import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelServer } from '../../support/model-server.ts';
import type { ModelRequest } from '../../support/model-server/request.ts';
import type { Behaviour, Scene } from './behaviour.ts';
import { noticedError, withoutPort } from './noticed.ts';
import type { Wrapped } from './wrap/wrapped.ts';

/** What came of one behaviour. */
export interface Observation {
  behaviour: string;
  /** What the caller noticed, and what left for the server. */
  noticed: unknown;
  /** Requests with a question in them. */
  asked: number;
  /** Those of them that the wrapper knows nothing of. */
  unseen: string[];
  /** Requests that left although the wrapper was to refuse all; null where it cannot refuse. */
  leaked: string[] | null;
}

interface Observed<Sdk> {
  wrapped: Wrapped;
  sdk: Sdk;
  load: (module: string) => unknown;
  server: ModelServer;
}

const SETTLED_WITHIN_MS = 50;

/** Lives through a behaviour once; and again with everything refused, where the wrapper can. */
export async function observe<Client, Sdk extends Record<string, unknown>>(
  behaviour: Behaviour<Client, Sdk>,
  { wrapped, sdk, load, server }: Observed<Sdk>,
): Promise<Observation> {
  const live = async (): Promise<unknown> => {
    server.requests.length = 0;
    let count = 0;
    // The same for every subject, so that the bytes that leave can be compared.
    const question = (): string => `What is the time? ${markOf(behaviour.name)}-${(count += 1)}.`;
    const scene: Scene<Client, Sdk> = { client: wrapped.client as Client, sdk, load, question, requests: server.requests };
    const strays: object[] = [];
    const note = (reason: unknown): void => void strays.push(noticedError(reason, sdk));
    process.on('unhandledRejection', note);
    try {
      return { value: await behaviour.run(scene), strays };
    } catch (error) {
      return { threw: noticedError(error, sdk), strays };
    } finally {
      // What was begun and left is not the next one's.
      await sleep(SETTLED_WITHIN_MS);
      process.off('unhandledRejection', note);
    }
  };

  const caller = await live();
  const isOwn = (request: ModelRequest): boolean => marksOf(request).every((mark) => mark.startsWith(`${markOf(behaviour.name)}-`));
  const requests = server.requests.filter(isOwn);
  const seen = await wrapped.seen();
  const asking = requests.filter((request) => marksOf(request).length > 0);
  const unseen = asking.filter((request) => marksOf(request).some((mark) => !seen.includes(mark))).map(({ method, route }) => `${method} ${route}`);

  let leaked: string[] | null = null;
  if (wrapped.block !== undefined) {
    wrapped.block(true);
    await live();
    wrapped.block(false);
    leaked = server.requests.filter((request) => marksOf(request).length > 0 && isOwn(request)).map(({ method, route }) => `${method} ${route}`);
  }
  return { behaviour: behaviour.name, noticed: jsonOf({ caller, sent: requests.map(sentOf) }), asked: asking.length, unseen, leaked };
}

const markOf = (name: string): string => `mark-${name.replaceAll(/[^a-zA-Z]+/g, '')}`;
const marksOf = ({ text }: ModelRequest): string[] => text.match(/mark-[a-zA-Z]+-\d+\./g) ?? [];

/** Every byte of a request but those that differ between any two. */
function sentOf({ method, url, headers, text }: ModelRequest): object {
  const { host: _host, 'content-length': _length, 'content-type': type = '', ...rest } = headers;
  const boundary = /boundary=(\S+)/.exec(type)?.[1];
  const plain = (given: string): string => (boundary === undefined ? given : given.replaceAll(boundary, 'boundary'));
  return { method, url, headers: { ...rest, 'content-type': plain(type) }, text: plain(text) };
}

/** As it is compared: what is undefined is absent, ports are left out. */
const jsonOf = (value: unknown): unknown => JSON.parse(withoutPort(JSON.stringify(value))) as unknown;
