import { type Answered, apiPromise, type ApiPromise, mapAnswer } from './api-promise.ts';

interface PageBody<T> {
  data: T[];
  nextCursor: string | null;
}

type ReadPage<T> = (cursor: string | undefined) => Promise<Answered<PageBody<T>>>;

/** One page. Iterating it goes on through the pages behind it. */
export class Page<T> implements AsyncIterable<T> {
  readonly data: T[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
  readonly #read: ReadPage<T>;

  constructor({ data, nextCursor }: PageBody<T>, read: ReadPage<T>) {
    this.data = data;
    this.nextCursor = nextCursor;
    this.#read = read;
  }

  /** Null on the last page. */
  nextPage(): ApiPromise<Page<T>> | null {
    return this.nextCursor === null ? null : readPage(this.#read, this.nextCursor);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    yield* this.data;
    for (let next = this.nextPage(); next !== null;) {
      const page = await next;
      yield* page.data;
      next = page.nextPage();
    }
  }
}

/**
 * A list: iterate it for every item of every page, or await it for one page.
 * @example for await (const agent of mg.agents.list()) console.log(agent.agentId)
 * @example const { data, nextCursor } = await mg.agents.list({ limit: 20 }).page()
 */
export interface ApiList<T> extends ApiPromise<Page<T>>, AsyncIterable<T> {
  /** The first page, or the one that the query's `cursor` names. */
  page(): ApiPromise<Page<T>>;
}

export function apiList<T>(read: ReadPage<T>): ApiList<T> {
  const first = readPage(read, undefined);
  return Object.assign(first, {
    page: () => first,
    async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
      yield* await first;
    },
  });
}

function readPage<T>(read: ReadPage<T>, cursor: string | undefined): ApiPromise<Page<T>> {
  return apiPromise(mapAnswer(read(cursor), (body) => new Page(body, read)));
}
