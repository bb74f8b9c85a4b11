/**
 * Works through the items in order, so many at a time. After a failure nothing further is begun; once what is under way has ended, the first
 * failure is thrown.
 */
export async function inParallel<Item>(items: Iterable<Item>, width: number, work: (item: Item) => Promise<unknown>): Promise<void> {
  const queue = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    while (failures.length === 0) {
      const next = queue.next();
      if (next.done === true) return;
      await work(next.value).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  if (failures.length > 0) throw failures[0];
}
