import { createHeldOperations, type Held, type OperationControl } from '../../../../sdk/agent/src/mcp/held-operations.ts';

const HELD: Held = { reviewId: 'rev_1', url: 'https://example.com/reviews/rev_1', expiresAt: '2030-01-01T00:00:00Z' };

/** An operation that is held until the test lets people decide; counts how often it was done. */
function heldWork() {
  let approve: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => {
    approve = resolve;
  });
  const counts = { begun: 0, done: 0 };
  const run = async ({ hold, signal }: OperationControl): Promise<string> => {
    counts.begun += 1;
    await hold(HELD, Promise.race([settled, new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))]));
    counts.done += 1;
    return 'done';
  };
  return { run, approve: () => approve(), counts };
}

const patient = () => createHeldOperations<string>({ holdMs: 60_000, progressMs: 60_000 });
const hurried = () => createHeldOperations<string>({ holdMs: 1, progressMs: 60_000 });
const caller = (signal = new AbortController().signal) => ({ signal, onWaiting: () => undefined });

test('of any number of callers of the same key a held operation is begun and done once, and everybody has its outcome', async () => {
  const work = heldWork();
  const operations = patient();
  const answers = Promise.all(Array.from({ length: 5 }, () => operations.attend('key', work.run, caller())));
  await new Promise(setImmediate);
  work.approve();
  expect(await answers).toEqual(Array.from({ length: 5 }, () => ({ outcome: 'done' })));
  expect(work.counts).toEqual({ begun: 1, done: 1 });
});

test('another key is another operation', async () => {
  const work = heldWork();
  const operations = patient();
  const answers = Promise.all([operations.attend('a', work.run, caller()), operations.attend('b', work.run, caller())]);
  await new Promise(setImmediate);
  work.approve();
  await answers;
  expect(work.counts).toEqual({ begun: 2, done: 2 });
});

test('a caller whose time is over is told what is waited for; approved meanwhile, it is done when the caller is back, and not before', async () => {
  const work = heldWork();
  const operations = hurried();
  expect(await operations.attend('key', work.run, caller())).toEqual({ pending: HELD });
  work.approve();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(work.counts).toEqual({ begun: 1, done: 0 });
  expect(await operations.attend('key', work.run, caller())).toEqual({ outcome: 'done' });
  expect(work.counts).toEqual({ begun: 1, done: 1 });
});

test('what is done is forgotten: the same key begins anew', async () => {
  const work = heldWork();
  const operations = patient();
  work.approve();
  await operations.attend('key', work.run, caller());
  await operations.attend('key', work.run, caller());
  expect(work.counts).toEqual({ begun: 2, done: 2 });
});

test('operations that are not held run each on their own, also at the same time', async () => {
  const operations = patient();
  let begun = 0;
  const run = async ({ release }: OperationControl): Promise<string> => {
    const mine = String((begun += 1));
    await new Promise(setImmediate);
    release();
    await new Promise(setImmediate);
    return mine;
  };
  const answers = await Promise.all(Array.from({ length: 3 }, () => operations.attend('key', run, caller())));
  expect(answers.map((answer) => 'outcome' in answer && answer.outcome)).toEqual(['1', '2', '3']);
});

test('a caller who goes ends the operation only if nobody else attends it', async () => {
  const work = heldWork();
  const operations = patient();
  const [first, second] = [new AbortController(), new AbortController()];
  const ends: unknown[] = [];
  const run = (control: OperationControl): Promise<string> => {
    control.signal.addEventListener('abort', () => ends.push(control.signal.reason));
    return work.run(control);
  };
  const answers = Promise.allSettled([operations.attend('key', run, caller(first.signal)), operations.attend('key', run, caller(second.signal))]);
  await new Promise(setImmediate);
  first.abort('first');
  await new Promise(setImmediate);
  expect(ends).toEqual([]);
  second.abort('second');
  expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(ends).toEqual(['second']);
  expect(work.counts.done).toBe(0);
});

test('a caller whose own time is over may come back: what is held waits for it, also while it is done', async () => {
  const work = heldWork();
  const operations = patient();
  const impatient = new AbortController();
  const late = operations.attend('key', work.run, caller(impatient.signal));
  await new Promise(setImmediate);
  impatient.abort(Object.assign(new Error('too long'), { name: 'TimeoutError' }));
  await expect(late).rejects.toThrow('too long');
  work.approve();
  await new Promise(setImmediate);
  expect(work.counts.done).toBe(0);
  expect(await operations.attend('key', work.run, caller())).toEqual({ outcome: 'done' });
  expect(work.counts).toEqual({ begun: 1, done: 1 });
});

/** An operation that is still being asked about until the test says so; then it is held, or not. */
function askedWork({ isHeld }: { isHeld: boolean }) {
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const work = heldWork();
  const ends: unknown[] = [];
  const run = async (control: OperationControl): Promise<string> => {
    control.signal.addEventListener('abort', () => ends.push(control.signal.reason));
    await answered;
    if (isHeld) return work.run(control);
    control.release();
    control.signal.throwIfAborted();
    return 'done';
  };
  return { ...work, run, answer: () => answer(), ends };
}

/** Attends until the caller's own time is over. */
async function attendTooShort(operations: ReturnType<typeof patient>, run: (control: OperationControl) => Promise<string>): Promise<Error> {
  const impatient = new AbortController();
  const late = operations.attend('key', run, caller(impatient.signal));
  await new Promise(setImmediate);
  const reason = Object.assign(new Error('too long'), { name: 'TimeoutError' });
  impatient.abort(reason);
  await expect(late).rejects.toThrow('too long');
  return reason;
}

test('a caller whose time is over before it is known whether people decide attaches to the same operation when they do', async () => {
  const work = askedWork({ isHeld: true });
  const operations = patient();
  await attendTooShort(operations, work.run);
  const back = operations.attend('key', work.run, caller());
  work.answer();
  await new Promise(setImmediate);
  work.approve();
  expect(await back).toEqual({ outcome: 'done' });
  expect(work.counts).toEqual({ begun: 1, done: 1 });
  expect(work.ends).toEqual([]);
});

test('where people do not decide, an operation whose callers have gone meanwhile is not done', async () => {
  const work = askedWork({ isHeld: false });
  const operations = patient();
  const reason = await attendTooShort(operations, work.run);
  expect(work.ends).toEqual([]);
  work.answer();
  await new Promise(setImmediate);
  expect(work.ends).toEqual([reason]);
  expect(await operations.attend('key', work.run, caller())).toEqual({ outcome: 'done' });
});

test('what is not held ends with its caller, whatever the reason', async () => {
  const operations = patient();
  const impatient = new AbortController();
  let ended: unknown;
  const run = async ({ signal, release }: OperationControl): Promise<string> => {
    release();
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject((ended = signal.reason) as Error)));
  };
  const late = operations.attend('key', run, caller(impatient.signal));
  await new Promise(setImmediate);
  const reason = Object.assign(new Error('too long'), { name: 'TimeoutError' });
  impatient.abort(reason);
  await expect(late).rejects.toThrow('too long');
  expect(ended).toBe(reason);
});

test('who waits is told at once, and everybody is', async () => {
  const work = heldWork();
  const operations = patient();
  const told: string[] = [];
  const attend = (name: string) =>
    operations.attend('key', work.run, { signal: new AbortController().signal, onWaiting: ({ reviewId }) => told.push(`${name} ${reviewId}`) });
  const first = attend('first');
  await new Promise(setImmediate);
  const second = attend('second');
  await new Promise(setImmediate);
  expect(told).toEqual(['first rev_1', 'second rev_1']);
  work.approve();
  await Promise.all([first, second]);
});

test('the end of all ends what is held', async () => {
  const work = heldWork();
  const operations = patient();
  const answer = operations.attend('key', work.run, caller());
  await new Promise(setImmediate);
  operations.close(new Error('over'));
  await expect(answer).rejects.toThrow('over');
});
