import { decodeBase64 } from './base64.ts';

export interface SecretShape {
  kind: string;
  pattern: RegExp;
  accept?: (match: string) => boolean;
}

/** Kinds of secret in the text, each once. Documented example keys and placeholders do not count. */
export function findSecretKinds(text: string): string[] {
  if (!HINT.test(text)) return [];
  const kinds: string[] = [];
  for (const shape of SECRET_SHAPES) {
    for (const [match] of text.matchAll(shape.pattern)) {
      if (!isPlaceholder(match) && (shape.accept?.(match) ?? true)) {
        kinds.push(shape.kind);
        break;
      }
    }
  }
  return kinds;
}

/** The text with anything of a secret's shape replaced, placeholders included: evidence must never carry one. */
export function maskSecrets(text: string): string {
  if (!HINT.test(text)) return text;
  let masked = text;
  for (const { kind, pattern } of SECRET_SHAPES) masked = masked.replace(pattern, `<${kind}>`);
  return masked;
}

/** Cheap test that rules out most text before the shapes run. */
const HINT = /A[KS]IA|gh[pousr]_|github_pat_|xox|AIza|[sr]k_live_|sk-|eyJ|PRIVATE KEY|mg_live_/;

/** Prefixes and lengths as the issuers document them. */
export const SECRET_SHAPES: readonly SecretShape[] = [
  { kind: 'aws-access-key', pattern: /\bA[KS]IA[A-Z2-7]{16}\b/g },
  { kind: 'github-token', pattern: /\bgh[pousr]_[A-Za-z0-9]{36,255}\b/g },
  { kind: 'github-fine-grained-token', pattern: /\bgithub_pat_[A-Za-z0-9_]{50,255}\b/g },
  { kind: 'slack-token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{16,250}/g },
  { kind: 'google-api-key', pattern: /\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g },
  { kind: 'stripe-live-key', pattern: /\b[sr]k_live_[A-Za-z0-9]{20,247}\b/g },
  { kind: 'anthropic-key', pattern: /\bsk-ant-[A-Za-z0-9_-]{24,250}/g },
  {
    kind: 'openai-key',
    pattern: /\bsk-(?!ant-)(?:(?:proj|svcacct|admin)-)?[A-Za-z0-9_-]{32,250}/g,
    accept: (match) => /\d/.test(match) && /[A-Z]/.test(match),
  },
  // No header goes on over the start of another one: what lies behind a run of them is read for the last of them alone, not for each.
  {
    kind: 'jwt',
    pattern: /\beyJ(?:[A-Za-z0-9_]|-(?!eyJ)){10,4096}\.eyJ[A-Za-z0-9_-]{4,16384}\.[A-Za-z0-9_-]{20,1024}/g,
    accept: isJwt,
  },
  { kind: 'private-key', pattern: /-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY-----\s{0,4}[A-Za-z0-9+/=\\]{16,16384}/g },
  { kind: 'mastguard-key', pattern: /\bmg_live_[A-Za-z0-9_-]{16,250}/g },
];

/** Sample token of the JWT debugger, found in much documentation. */
const SAMPLE_JWT_CLAIMS = 'eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4g';

const isPlaceholder = (match: string): boolean =>
  /EXAMPLE|your[_-]|(.)\1{7}|placeholder|redacted/i.test(match) || match.includes(SAMPLE_JWT_CLAIMS) || (!match.startsWith('-----') && new Set(match).size < 9);

function isJwt(match: string): boolean {
  const [header, claims] = match.split('.').map((part) => jsonOfBase64(part));
  return isObject(header) && 'alg' in header && isObject(claims);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

function jsonOfBase64(text: string): unknown {
  const bytes = decodeBase64(text);
  if (bytes === null) return null;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
