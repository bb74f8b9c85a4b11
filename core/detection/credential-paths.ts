/** Kind of credential store a path or command names, or null. Public keys, host lists and sample files are not credentials. */
export function credentialPath(text: string): string | null {
  // The shortest is `.env`; an event holds thousands of shorter texts, and they would cost the most.
  if (text.length < 4) return null;
  const lower = text
    .slice(0, 8192)
    .toLowerCase()
    .replaceAll('\\', '/')
    .replace(/\/{2,}|\/\.\//g, '/');
  for (const { kind, pattern } of CREDENTIAL_PATHS) if (pattern.test(lower)) return kind;
  return null;
}

const START = '(?:^|[\\s/"\'=:(<@~])';
const END = '(?=$|[\\s"\';|&)>?#])';
const path = (source: string): RegExp => new RegExp(START + source + END);

export const CREDENTIAL_PATHS: readonly { kind: string; pattern: RegExp }[] = [
  { kind: 'ssh-key', pattern: path('\\.ssh(?:/(?!known_hosts|config|[\\w.-]{1,64}\\.pub)[\\w.*-]{0,64})?') },
  { kind: 'ssh-key', pattern: path('id_(?:rsa|dsa|ecdsa|ed25519)') },
  { kind: 'aws-credentials', pattern: path('\\.aws/(?:credentials|config|\\*)') },
  { kind: 'env-file', pattern: path('\\.env(?:\\.(?!example|sample|template|dist|test)[\\w-]{1,32})?') },
  { kind: 'password-file', pattern: path('etc/(?:shadow|gshadow|sudoers)-?') },
  { kind: 'kube-config', pattern: path('\\.kube/config') },
  { kind: 'netrc', pattern: path('[._]netrc') },
  { kind: 'service-account', pattern: path('[\\w.-]{0,64}service[-_]?account[\\w.-]{0,64}\\.json') },
  { kind: 'gcloud-credentials', pattern: path('gcloud/(?:application_default_credentials\\.json|credentials\\.db)') },
  { kind: 'docker-config', pattern: path('\\.docker/config\\.json') },
  { kind: 'git-credentials', pattern: path('\\.git-credentials') },
  { kind: 'package-token', pattern: path('\\.(?:npmrc|pypirc)') },
  { kind: 'pgpass', pattern: path('\\.pgpass') },
  { kind: 'process-environment', pattern: path('proc/(?:self|\\d{1,7})/environ') },
  {
    kind: 'instance-metadata',
    pattern: /169\.254\.169\.254\/(?:latest\/(?:meta-data\/iam|api\/token|user-data)|metadata\/identity)|metadata\.google\.internal\/computemetadata/,
  },
];
