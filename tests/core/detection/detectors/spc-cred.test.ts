import { detectSpcCred } from '../../../../core/detection/detectors/spc-cred.ts';
import { runDetector } from '../../../support/detection-context.ts';

const secret = ['gh', 'p_', 'q7Zt2Kx9Lm4Rv8Np3Wc6Yb1Hd5Jf0GsQe2Ua'].join('');

describe('spc.cred', () => {
  it('blocks a secret on its way out, as value or as key', () => {
    for (const args of [
      { text: `here: ${secret}` },
      { list: [{ deep: secret }] },
      { [secret]: 1 },
      { [secret]: { a: 1 } },
      { map: { [secret]: {} } },
      { [secret]: [{}] },
    ]) {
      const finding = runDetector(detectSpcCred, { tool: { name: 'post_note', args } });
      expect(finding).toMatchObject({ outcome: 'block', evidence: { kinds: ['github-token'] } });
      expect(JSON.stringify(finding)).not.toContain(secret);
    }
  });

  it('alerts on a secret that comes in', () => {
    expect(runDetector(detectSpcCred, { content: secret, channel: 'tool_result', tool: { name: 'read_page' } })?.outcome).toBe('alert');
  });

  it('blocks touching a credential store', () => {
    expect(runDetector(detectSpcCred, { tool: { name: 'read_file', args: { path: '~/.ssh/id_rsa' } } })?.outcome).toBe('block');
    expect(runDetector(detectSpcCred, { tool: { name: 'bash', args: { command: 'cat .env' } } })?.outcome).toBe('block');
    expect(runDetector(detectSpcCred, { resource: { type: 'file', id: '1', path: '/etc/shadow' } })?.outcome).toBe('block');
  });

  it('leaves prose about credentials and documented examples alone', () => {
    expect(runDetector(detectSpcCred, { tool: { name: 'send_note', args: { text: 'Put your settings into .env and restart.' } } })).toBeNull();
    expect(runDetector(detectSpcCred, { tool: { name: 'send_note', args: { text: 'AKIAIOSFODNN7EXAMPLE' } } })).toBeNull();
  });
});
