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
      { url: 'postgres://u:p@example.net/db' },
      { url: 'redis://u:p@example.net' },
      { url: 'ssh://git@example.net/x' },
      { endpoint: 'amqp://u:p@example.net' },
      { url: '//u@example.net/' },
      { url: 'example.net/?a=1,2' },
      { host: 'postgres' },
      { host: '2852039166' },
      { path: 'ssh://git@example.net/x' },
      { path: 'ab://../../etc/hosts' },
      { path: 's3://other/x' },
      { path: 'https://../../etc/hosts' },
    ] as Record<string, string>[]) {
      expect(runDetector(detectSpcScope, call(args), { profile })).toMatchObject({ outcome: 'block', mode: 'FM-1.1' });
    }
    expect(runDetector(detectSpcScope, { resource: { type: 'file', id: '1', path: '/etc/hosts' } }, { profile })?.outcome).toBe('block');
    expect(runDetector(detectSpcScope, { resource: { type: 'site', id: '1', host: 'example.net' } }, { profile })?.outcome).toBe('block');
  });

  it('lets paths and hosts within it pass', () => {
    for (const args of [
      { path: '/srv/data/a', url: 'https://api.example.com./x' },
      { path: 'notes/today.txt', url: '//u@example.com/?a=1,2' },
      { path: 'file:///srv/data/a', endpoint: 'postgres://u:p@db.example.com/x' },
      { path: 'ssh://git@example.com/x', host: 'example.com', to: 'ann@example.net' },
      { path: 'https://example.com/a/../b', link: 'mailto:ann@example.net', id: 'gid://shop/Product/1' },
    ] as Record<string, string>[]) {
      expect(runDetector(detectSpcScope, call(args), { profile })).toBeNull();
    }
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
