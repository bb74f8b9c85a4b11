import { detectActScope } from '../../../../core/detection/detectors/act-scope.ts';
import { runDetector } from '../../../support/detection-context.ts';

const profile = { grantedTools: [{ name: 'get_*' }, { name: 'reply' }] };

describe('act.scope', () => {
  it('blocks a tool that is not granted', () => {
    expect(runDetector(detectActScope, { tool: { name: 'send_money' } }, { profile })).toMatchObject({ outcome: 'block', mode: 'FM-1.2' });
    expect(runDetector(detectActScope, { tool: { name: 'get_order' } }, { profile: { grantedTools: [] } })?.outcome).toBe('block');
  });

  it('lets granted names and prefixes pass', () => {
    for (const name of ['get_order', 'reply']) expect(runDetector(detectActScope, { tool: { name } }, { profile })).toBeNull();
  });

  it('checks nothing without grants, without a tool, or on a tool result', () => {
    expect(runDetector(detectActScope, { tool: { name: 'send_money' } })).toBeNull();
    expect(runDetector(detectActScope, { tool: { name: 'send_money' } }, { profile: {} })).toBeNull();
    expect(runDetector(detectActScope, { action: 'send_money' }, { profile })).toBeNull();
    expect(runDetector(detectActScope, { tool: { name: 'send_money' }, channel: 'tool_result' }, { profile })).toBeNull();
  });
});
