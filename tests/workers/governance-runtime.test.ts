import { createTemporalRuntime, type TemporalRuntimeDeps } from '../../workers/governance-runtime.ts';
import { until } from '../support/until.ts';

/** A server that takes nothing at the first call, as one that stalls for a moment, and everything behind it. */
function stallingTemporal() {
  const seen = { calls: 0, taken: 0 };
  const take = (): Promise<object> => {
    seen.calls += 1;
    if (seen.calls === 1) return new Promise(() => undefined);
    seen.taken += 1;
    return Promise.resolve({});
  };
  const workflow = { getHandle: () => ({ signal: take }), start: take, signalWithStart: take };
  const client = { workflow, withDeadline: (_deadline: number, call: () => Promise<unknown>) => call() };
  return { seen, runtime: createTemporalRuntime({ temporal: { client }, vault: {}, reviewChanges: {} } as unknown as TemporalRuntimeDeps) };
}

test('what Temporal does not take in time is offered once more, without anybody waiting for it', async () => {
  const told = stallingTemporal();
  await told.runtime.outcomeMoved('org', 'event');
  await until(() => told.seen.taken === 1);

  const erasing = stallingTemporal();
  await erasing.runtime.erase({ orgId: 'org', erasureId: 'era_1' });
  await until(() => erasing.seen.taken === 1);

  const sweeping = stallingTemporal();
  const cause = { kind: 'policy' } as never;
  await expect(sweeping.runtime.sweep({ orgId: 'org', sweepId: 'swp_1', cause })).rejects.toThrow('did not answer');
  await until(() => sweeping.seen.taken === 1);
  expect([told, erasing, sweeping].map(({ seen }) => seen.calls)).toEqual([2, 2, 2]);
});
