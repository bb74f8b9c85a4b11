import { detectActDestroy } from '../../../../core/detection/detectors/act-destroy.ts';
import { runDetector } from '../../../support/detection-context.ts';

describe('act.destroy', () => {
  it('asks a person about destructive tools, actions, labels and statements', () => {
    for (const event of [
      { tool: { name: 'delete_account' } },
      { action: 'purge_records' },
      { tool: { name: 'tidy', labels: { effect: 'destroy' as const } } },
      { tool: { name: 'run_sql', args: { q: 'drop table orders' } } },
      { tool: { name: 'helper', args: { command: 'rm -rf ./data' } } },
    ])
      expect(runDetector(detectActDestroy, event)).toMatchObject({ outcome: 'hitl', mode: 'FM-1.1' });
  });

  it('asks about bulk writes above the limit, and lets bulk reads pass', () => {
    const ids = Array.from({ length: 101 }, (_, index) => index);
    expect(runDetector(detectActDestroy, { tool: { name: 'update_orders', args: { ids } } })).toMatchObject({ evidence: { count: 101, limit: 100 } });
    expect(runDetector(detectActDestroy, { tool: { name: 'update_orders', args: { count: 6 } } }, { profile: { limits: { maxBulkCount: 5 } } })?.outcome).toBe(
      'hitl',
    );
    expect(runDetector(detectActDestroy, { tool: { name: 'search_orders', args: { limit: 500 } } })).toBeNull();
  });

  it('leaves business verbs, prose and things that merely reached the agent alone', () => {
    for (const event of [
      { tool: { name: 'cancel_reservation' } },
      { tool: { name: 'remove_item_from_cart' } },
      { tool: { name: 'send_note', args: { text: 'We drop table seven and delete from memory what was said.' } } },
      { action: 'delete_account', channel: 'user' as const },
      { tool: { name: 'delete_account' }, channel: 'tool_result' as const },
    ])
      expect(runDetector(detectActDestroy, event)).toBeNull();
  });
});
