import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readAllowedTargets } from '../activities/outbound/allowed-targets.ts';
import type { SignerConfig } from './signer/session.ts';
import { type AnchorConfig, readAnchors } from './anchor-config.ts';

const ROLES = ['api', 'decision', 'hitl', 'maintenance', 'signer'] as const;
export type WorkerRole = (typeof ROLES)[number];

const Environment = z.object({
  /** Needed by every role but the signer. */
  DATABASE_URL: z.string().optional(),
  /** Set where the URL's user is not `mg_app` itself. */
  DATABASE_ROLE: z.string().optional(),
  /** As `mg_signer` and `mg_purge`; without them `DATABASE_URL` is used, acting as those roles. */
  SIGNER_DATABASE_URL: z.string().optional(),
  SIGNER_DATABASE_ROLE: z.string().optional(),
  PURGE_DATABASE_URL: z.string().optional(),
  PURGE_DATABASE_ROLE: z.string().optional(),
  MASTGUARD_HOME: z.string().default('.mastguard'),
  SIGNER_STATE_DIRECTORY: z.string().optional(),
  LOG_HOST: z
    .string()
    .regex(/^[^\s+/]+$/, 'must be a host name')
    .optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().default(8787),
  METRICS_PORT: z.coerce.number().int().optional(),
  PUBLIC_URL: z.string().optional(),
  TRUST_PROXY: z.string().default('0'),
  TEMPORAL_UI_URL: z.string().optional(),
  MASTGUARD_KEY_FILE: z.string().optional(),
  MASTGUARD_MASTER_KEY: z.string().optional(),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/[^\s]+$/, 'must be smtp://… or smtps://…')
    .optional(),
  MAIL_FROM: z.string().min(3).max(320).optional(),
  OUTBOUND_ALLOW: z.string().optional(),
  OTLP_EXPORT_URL: z.string().optional(),
  OTLP_EXPORT_HEADERS: z.string().optional(),
  ANCHORS: z.string().optional(),
  DECISION_DEADLINE_MS: z.coerce.number().int().default(2_000),
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().default(60_000),
  VAULT_BACKUP_DAYS: z.coerce.number().int().min(0).max(3_650).default(7),
  LOG_LEVEL: z.string().default('info'),
  WORKFLOW_BUNDLE: z.string().optional(),
});

export interface ServerConfig {
  roles: ReadonlySet<WorkerRole>;
  databaseUrl: string;
  databaseRole: string | undefined;
  host: string;
  port: number;
  metricsPort: number | undefined;
  publicUrl: string;
  /** Of the role `api`: how many proxies stand in front, or which addresses and networks are theirs. Default: none. */
  trustProxy?: number | string[];
  temporalUiUrl: string | undefined;
  /** 32 bytes: payload encryption, key pepper and session secrets are derived from it. Empty in a process that only signs. */
  masterKey: Buffer;
  decisionDeadlineMs: number;
  rateLimitPerMinute: number;
  /** Days that backups of the schema `vault` are kept. Default: 7. */
  vaultBackupDays?: number;
  logLevel: string;
  workflowBundlePath: string;
  /** How people are reached. Default: no mail, and nothing but public hosts. */
  outbound?: OutboundConfig;
  /** Of the role `signer`. */
  signer?: SignerConfig;
  /** Of the role `maintenance`: removing what has been kept long enough. */
  purge?: DatabaseConfig;
  /** Where checkpoints are shown to the outside: docs/anchors.md. Default: nowhere. */
  anchors?: readonly AnchorConfig[];
  /** Before each try of a webhook. Default: the published schedule. For tests. */
  webhookWaitsMs?: readonly number[];
  /** Of the role `decision`: where decisions are sent as spans. Default: nowhere. */
  decisionSpans?: DecisionSpansConfig;
  /** Overrides of what the environment says, for tests. */
  temporal?: { address: string; namespace: string };
}

export interface DatabaseConfig {
  databaseUrl: string;
  databaseRole?: string;
}

export interface OutboundConfig {
  /** Null: channels of the kind e-mail deliver nothing. */
  mail: { url: string; from: string } | null;
  /** Targets that are no public https hosts and allowed all the same: `host:port` or networks. */
  allow: readonly string[];
}

export interface DecisionSpansConfig {
  /** Where OTLP/HTTP takes traces, with its path. */
  url: string;
  /** Sent with every request. */
  headers: Readonly<Record<string, string>>;
}

export class ConfigError extends Error {
  readonly code = 'bad-configuration';
}

/** Reads `--role a,b` and the environment; what is wrong is said in one message. */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): ServerConfig {
  const e = readEnvironment(env);
  const roles = readRoles(argv);
  // What signs holds no key and no password of the application.
  const onlySigns = roles.size === 1 && roles.has('signer');
  if (e.DATABASE_URL === undefined && !onlySigns) throw new ConfigError('DATABASE_URL: set the URL of the database');
  return {
    roles,
    databaseUrl: e.DATABASE_URL ?? '',
    databaseRole: e.DATABASE_ROLE,
    host: e.HOST,
    port: e.PORT,
    metricsPort: e.METRICS_PORT,
    publicUrl: publicUrlOf(e),
    trustProxy: trustProxyOf(e.TRUST_PROXY),
    temporalUiUrl: e.TEMPORAL_UI_URL,
    masterKey: onlySigns ? Buffer.alloc(0) : readMasterKey(e.MASTGUARD_MASTER_KEY, e.MASTGUARD_KEY_FILE),
    decisionDeadlineMs: e.DECISION_DEADLINE_MS,
    rateLimitPerMinute: e.RATE_LIMIT_PER_MINUTE,
    vaultBackupDays: e.VAULT_BACKUP_DAYS,
    logLevel: e.LOG_LEVEL,
    workflowBundlePath: e.WORKFLOW_BUNDLE ?? join(import.meta.dirname, '..', 'workflow-bundle.js'),
    outbound: readOutbound(e),
    anchors: anchorsOf(e.ANCHORS),
    ...(e.OTLP_EXPORT_URL !== undefined && { decisionSpans: { url: exportUrlOf(e.OTLP_EXPORT_URL), headers: exportHeadersOf(e.OTLP_EXPORT_HEADERS ?? '') } }),
    ...(roles.has('signer') && { signer: signerConfigOf(e) }),
    ...(e.DATABASE_URL !== undefined && { purge: databaseAs('mg_purge', e.PURGE_DATABASE_URL, e.PURGE_DATABASE_ROLE, e.DATABASE_URL) }),
  };
}

/** Where the signer's own commands find what it remembers; those that need the database as well take all of its configuration. */
export const readStateDirectory = (env: NodeJS.ProcessEnv): string => stateDirectoryOf(readEnvironment(env));
export const readSignerConfig = (env: NodeJS.ProcessEnv): SignerConfig => signerConfigOf(readEnvironment(env));

type Values = z.infer<typeof Environment>;

function readEnvironment(env: NodeJS.ProcessEnv): Values {
  // A variable that is set to nothing is not set: that is how compose files leave one out.
  const parsed = Environment.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  return parsed.data;
}

const publicUrlOf = ({ PUBLIC_URL, HOST, PORT }: Values): string => (PUBLIC_URL ?? `http://${HOST}:${PORT}`).replace(/\/$/, '');

/** As Express takes them. A network of all addresses is refused: whoever may be a proxy chooses the address of the caller. */
function trustProxyOf(value: string): number | string[] {
  const count = value.trim();
  if (/^\d+$/.test(count) && Number(count) <= 10) return Number(count);
  const proxies = entriesOf(value);
  if (proxies.length === 0 || !proxies.every(isProxy)) {
    throw new ConfigError(
      'TRUST_PROXY: must be the number of proxies in front (0 to 10), or their addresses and networks such as 10.1.0.0/16, separated by commas',
    );
  }
  return proxies;
}

function isProxy(entry: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(entry)) return true;
  const [, address = '', bits] = /^([\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(entry) ?? [];
  const family = isIP(address);
  return family !== 0 && (bits === undefined || (Number(bits) >= 1 && Number(bits) <= (family === 4 ? 32 : 128)));
}

const entriesOf = (list: string): string[] =>
  list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

const stateDirectoryOf = (e: Values): string => resolve(e.SIGNER_STATE_DIRECTORY ?? join(e.MASTGUARD_HOME, 'signer'));

function signerConfigOf(e: Values): SignerConfig {
  if (e.SIGNER_DATABASE_URL === undefined && e.DATABASE_URL === undefined)
    throw new ConfigError('SIGNER_DATABASE_URL: set the URL of the database, as mg_signer');
  const publicUrl = publicUrlOf(e);
  if (e.LOG_HOST === undefined && !URL.canParse(publicUrl)) throw new ConfigError('PUBLIC_URL: must be a URL');
  return {
    ...databaseAs('mg_signer', e.SIGNER_DATABASE_URL, e.SIGNER_DATABASE_ROLE, e.DATABASE_URL ?? ''),
    stateDirectory: stateDirectoryOf(e),
    host: e.LOG_HOST ?? new URL(publicUrl).hostname,
    hostIsGiven: e.LOG_HOST !== undefined,
  };
}

/** A URL of its own names its user; the common one must be allowed to act as the role. */
function databaseAs(role: string, ownUrl: string | undefined, ownRole: string | undefined, commonUrl: string): DatabaseConfig {
  if (ownUrl === undefined) return { databaseUrl: commonUrl, databaseRole: ownRole ?? role };
  return { databaseUrl: ownUrl, ...(ownRole !== undefined && { databaseRole: ownRole }) };
}

function readOutbound({ SMTP_URL: url, MAIL_FROM: from, OUTBOUND_ALLOW: allowed = '' }: Values): OutboundConfig {
  if ((url === undefined) !== (from === undefined)) throw new ConfigError('SMTP_URL and MAIL_FROM are set together or not at all');
  const allow = entriesOf(allowed);
  try {
    readAllowedTargets(allow);
  } catch (error) {
    throw new ConfigError(`OUTBOUND_ALLOW: ${(error as Error).message}`);
  }
  return { mail: url === undefined || from === undefined ? null : { url, from }, allow };
}

function anchorsOf(value: string | undefined): AnchorConfig[] {
  try {
    return value === undefined ? [] : readAnchors(value);
  } catch (error) {
    throw new ConfigError(`ANCHORS: ${(error as Error).message}`);
  }
}

/** What stands in a URL beside the host may be secret, so faults do not quote it. */
function exportUrlOf(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new ConfigError('OTLP_EXPORT_URL: must be http:// or https://, without user name, password and fragment');
  }
  return url.href;
}

/** `name=value` pairs as in `OTEL_EXPORTER_OTLP_HEADERS`: separated by commas, values percent-encoded. */
function exportHeadersOf(value: string): Record<string, string> {
  try {
    return Object.fromEntries(
      entriesOf(value).map((pair) => {
        const [, name, encoded] = /^([!#$%&'*+.^_`|~A-Za-z0-9-]+)\s*=\s*(.*)$/.exec(pair) ?? [];
        const text = decodeURIComponent(encoded ?? '');
        if (name === undefined || !/^[\t\x20-\x7E]*$/.test(text)) throw new Error('not a header');
        return [name.toLowerCase(), text];
      }),
    );
  } catch {
    throw new ConfigError('OTLP_EXPORT_HEADERS: must be name=value pairs separated by commas, values percent-encoded');
  }
}

function readRoles(argv: readonly string[]): ReadonlySet<WorkerRole> {
  const names = roleNames(argv);
  const unknown = names.filter((name) => !ROLES.some((role) => role === name));
  if (unknown.length > 0) throw new ConfigError(`unknown role ${unknown.map((name) => `«${name}»`).join(', ')}; roles are ${ROLES.join(', ')}`);
  return new Set(names as WorkerRole[]);
}

/** All roles only where none is asked for: a slip of the pen must not start the others as well. */
function roleNames(argv: readonly string[]): readonly string[] {
  try {
    // Several are read so that a second one is seen: otherwise the last would win without a word.
    const { role = [ROLES.join(',')] } = parseArgs({ args: [...argv], options: { role: { type: 'string', multiple: true } } }).values;
    if (role.length > 1) throw new Error('--role is given once, with the roles separated by commas');
    return role.flatMap((list) => list.split(','));
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}; roles are ${ROLES.join(', ')}`);
  }
}

function readMasterKey(value: string | undefined, file: string | undefined): Buffer {
  if (value === undefined && file === undefined) throw new ConfigError('set MASTGUARD_KEY_FILE or MASTGUARD_MASTER_KEY (32 bytes in hex)');
  const hex = (value ?? readKeyFile(file ?? '')).trim();
  // Decoding alone would stop at the first other character and take what came before.
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new ConfigError('the master key must be 32 bytes in hex');
  return Buffer.from(hex, 'hex');
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`MASTGUARD_KEY_FILE cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`);
  }
}
