/** What an operation answered, with the answer itself; its body has been read. */
export interface Answered<T> {
  data: T;
  response: Response;
  requestId: string | undefined;
}

export interface ApiPromise<T> extends Promise<T> {
  /** The same with the HTTP response, for its headers. */
  withResponse(): Promise<Answered<T>>;
}

export function apiPromise<T>(answered: Promise<Answered<T>>): ApiPromise<T> {
  const data = answered.then((answer) => answer.data);
  return Object.assign(data, {
    withResponse(): Promise<Answered<T>> {
      // Whoever asks for the response hears of a failure there; the promise that nobody awaits must not end the process.
      data.catch(() => undefined);
      return answered;
    },
  });
}

/** The same answer with its data changed. */
export const mapAnswer = <T, U>(answered: Promise<Answered<T>>, change: (data: T) => U): Promise<Answered<U>> =>
  answered.then((answer) => ({ ...answer, data: change(answer.data) }));
