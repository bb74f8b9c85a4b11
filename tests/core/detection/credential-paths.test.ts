import { credentialPath } from '../../../core/detection/credential-paths.ts';

describe('credentialPath', () => {
  it.each([
    '~/.ssh/id_rsa',
    '/home/ana/.ssh/id_ed25519',
    '/root/.aws/credentials',
    '.env',
    'C:\\app\\.env.production',
    '/etc/shadow',
    'cat ~/.kube/config',
    '~/.netrc',
    'keys/my-service-account-prod.json',
    '/proc/self/environ',
    'http://169.254.169.254/latest/meta-data/iam/x',
    '/home//ana/./.ssh//id_rsa',
  ])('recognises %j', (path) => {
    expect(credentialPath(path)).not.toBeNull();
  });

  it.each([
    '.env.example',
    'docs/environment.md',
    '~/.ssh/id_rsa.pub',
    '~/.ssh/known_hosts',
    '/srv/shadow/puppets.txt',
    'service-accounts.md',
    'my.environment',
    '/etc/hosts',
    'aws/credentials-guide.html',
  ])('leaves %j alone', (path) => {
    expect(credentialPath(path)).toBeNull();
  });
});
