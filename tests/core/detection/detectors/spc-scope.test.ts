import { detectSpcScope } from '../../../../core/detection/detectors/spc-scope.ts';
import { runDetector } from '../../../support/detection-context.ts';

const profile = { scope: { paths: ['/srv/data'], hosts: ['example.com'], clearance: 'internal' as const } };
const call = (args: Record<string, string>) => ({ tool: { name: 'list_files', args } });

describe('spc.scope', () => {
  it('blocks paths and hosts outside the scope, however written', () => {
    for (const args of [
      { path: '/srv/data/../x' },
      { filename: '/srv/database' },
      { url: 'https://example.com@example.net/' },
      { endpoint: 'https://notexample.com' },
      { url: 'https://example.com\\@example.net' },
    ] as Record<string, string>[]) {
      expect(runDetector(detectSpcScope, call(args), { profile })).toMatchObject({ outcome: 'block', mode: 'FM-1.1' });
    }
    expect(runDetector(detectSpcScope, { resource: { type: 'file', id: '1', path: '/etc/hosts' } }, { profile })?.outcome).toBe('block');
    expect(runDetector(detectSpcScope, { resource: { type: 'site', id: '1', host: 'example.net' } }, { profile })?.outcome).toBe('block');
  });

  it('lets paths and hosts within it pass', () => {
    expect(runDetector(detectSpcScope, call({ path: '/srv/data/a', url: 'https://api.example.com./x' }), { profile })).toBeNull();
  });

  it('alerts on traversal without a profile', () => {
    expect(runDetector(detectSpcScope, call({ path: '../../x' }))?.outcome).toBe('alert');
    expect(runDetector(detectSpcScope, call({ path: '/srv/a/../b' }))).toBeNull();
  });

  it('blocks a stated data class above the clearance and alerts on an inferred one', () => {
    expect(runDetector(detectSpcScope, { tool: { name: 'x', labels: { reads: 'private' } } }, { profile })?.outcome).toBe('block');
    expect(runDetector(detectSpcScope, { tool: { name: 'get_patient' } }, { profile })?.outcome).toBe('alert');
    expect(runDetector(detectSpcScope, { tool: { name: 'get_patient', labels: { reads: 'internal' } } }, { profile })).toBeNull();
  });
});
