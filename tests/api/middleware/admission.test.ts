import { DecisionUnavailable } from '../../../api/governance-runtime.ts';
import { createAdmission } from '../../../api/middleware/admission.ts';

/** The caller stays to the end. */
const stays = null;

/** Work that ends when it is told to. */
function gate() {
  const finishers: (() => void)[] = [];
  return { work: () => new Promise<void>((resolve) => finishers.push(resolve)), finishOne: () => finishers.shift()?.(), started: () => finishers.length };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('admission', () => {
  it('works on no more than its places at once and takes the rest in order', async () => {
    const admission = createAdmission({ maxInFlight: 2, maxWaitMs: 60_000 });
    const started: number[] = [];
    const { work, finishOne } = gate();
    const all = [0, 1, 2, 3].map((index) =>
      admission.run(stays, () => {
        started.push(index);
        return work();
      }),
    );
    await turn();
    expect([admission.inFlight, admission.queued, started]).toEqual([2, 2, [0, 1]]);
    finishOne();
    await turn();
    expect([admission.inFlight, admission.queued, started]).toEqual([2, 1, [0, 1, 2]]);
    for (let left = 3; left > 0; left--) {
      finishOne();
      await turn();
    }
    await Promise.all(all);
    expect([admission.inFlight, admission.queued]).toEqual([0, 0]);
  });

  it('never has more than its places in flight, however requests come and go', async () => {
    const admission = createAdmission({ maxInFlight: 3, maxWaitMs: 60_000 });
    let now = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      now += 1;
      most = Math.max(most, now);
      await turn();
      now -= 1;
    };
    const leaving = Array.from({ length: 100 }, () => new AbortController());
    const all = leaving.map(({ signal }, index) => admission.run(index % 7 === 0 ? signal : stays, work));
    for (const one of leaving) one.abort();
    await Promise.allSettled(all);
    expect(most).toBe(3);
    expect([admission.inFlight, admission.queued]).toEqual([0, 0]);
  });

  it('refuses at once when the line is at its cap', async () => {
    const admission = createAdmission({ maxInFlight: 1, maxQueued: 1, maxWaitMs: 60_000 });
    const { work, finishOne } = gate();
    const all = [admission.run(stays, work), admission.run(stays, work)];
    await expect(admission.run(stays, work)).rejects.toBeInstanceOf(DecisionUnavailable);
    finishOne();
    await turn();
    finishOne();
    await Promise.all(all);
  });

  it('refuses at once when the wait would be too long, by how long the work has taken of late', async () => {
    let nowMs = 0;
    const admission = createAdmission({ maxInFlight: 1, maxWaitMs: 500, now: () => nowMs });
    for (let count = 0; count < 100; count++)
      await admission.run(stays, async () => {
        nowMs += 300;
      });
    const { work, finishOne } = gate();
    const all = [admission.run(stays, work), admission.run(stays, work)];
    await expect(admission.run(stays, work)).rejects.toMatchObject({ code: 'decision-unavailable', retryAfterMs: 1_000 });
    finishOne();
    await turn();
    finishOne();
    await Promise.all(all);
  });

  it('lets one who leaves out of the line without doing the work', async () => {
    const admission = createAdmission({ maxInFlight: 1 });
    const { work, finishOne } = gate();
    const leaving = new AbortController();
    const first = admission.run(stays, work);
    let done = false;
    const second = admission.run(leaving.signal, async () => {
      done = true;
    });
    leaving.abort();
    await expect(second).rejects.toBeInstanceOf(DecisionUnavailable);
    expect(admission.queued).toBe(0);
    finishOne();
    await first;
    expect(done).toBe(false);
  });

  it('gives the place back when the work fails', async () => {
    const admission = createAdmission({ maxInFlight: 1 });
    await expect(
      admission.run(stays, async () => {
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
    expect(admission.inFlight).toBe(0);
  });
});
