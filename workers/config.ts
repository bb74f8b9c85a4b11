import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readAllowedTargets } from '../activities/outbound/allowed-targets.ts';

const ROLES = ['api', 'decision', 'hitl', 'maintenance'] as const;
export type WorkerRole = (typeof ROLES)[number];

const Environment = z.object({
  DATABASE_URL: z.string(),
  /** Set where the URL's user is not `mg_app` itself. */
  DATABASE_ROLE: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().default(8787),
  METRICS_PORT: z.coerce.number().int().optional(),
  PUBLIC_URL: z.string().optional(),
  TEMPORAL_UI_URL: z.string().optional(),
  MASTGUARD_KEY_FILE: z.string().optional(),
  MASTGUARD_MASTER_KEY: z.string().optional(),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/[^\s]+$/, 'must be smtp://… or smtps://…')
    .optional(),
  MAIL_FROM: z.string().min(3).max(320).optional(),
  OUTBOUND_ALLOW: z.string().optional(),
  DECISION_DEADLINE_MS: z.coerce.number().int().default(2_000),
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().default(60_000),
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
  temporalUiUrl: string | undefined;
  /** 32 bytes: payload encryption, key pepper and session secrets are derived from it. */
  masterKey: Buffer;
  decisionDeadlineMs: number;
  rateLimitPerMinute: number;
  logLevel: string;
  workflowBundlePath: string;
  /** How people are reached. Default: no mail, and nothing but public hosts. */
  outbound?: OutboundConfig;
  /** Overrides of what the environment says, for tests. */
  temporal?: { address: string; namespace: string };
}

export interface OutboundConfig {
  /** Null: channels of the kind e-mail deliver nothing. */
  mail: { url: string; from: string } | null;
  /** Targets that are no public https hosts and allowed all the same: `host:port` or networks. */
  allow: readonly string[];
}

export class ConfigError extends Error {
  readonly code = 'bad-configuration';
}

/** Reads `--role a,b` and the environment; what is wrong is said in one message. */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): ServerConfig {
  // A variable that is set to nothing is not set: that is how compose files leave one out.
  const parsed = Environment.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  const e = parsed.data;
  return {
    roles: readRoles(argv),
    databaseUrl: e.DATABASE_URL,
    databaseRole: e.DATABASE_ROLE,
    host: e.HOST,
    port: e.PORT,
    metricsPort: e.METRICS_PORT,
    publicUrl: (e.PUBLIC_URL ?? `http://${e.HOST}:${e.PORT}`).replace(/\/$/, ''),
    temporalUiUrl: e.TEMPORAL_UI_URL,
    masterKey: readMasterKey(e.MASTGUARD_MASTER_KEY, e.MASTGUARD_KEY_FILE),
    decisionDeadlineMs: e.DECISION_DEADLINE_MS,
    rateLimitPerMinute: e.RATE_LIMIT_PER_MINUTE,
    logLevel: e.LOG_LEVEL,
    workflowBundlePath: e.WORKFLOW_BUNDLE ?? join(import.meta.dirname, '..', 'workflow-bundle.js'),
    outbound: readOutbound(e),
  };
}

function readOutbound({ SMTP_URL: url, MAIL_FROM: from, OUTBOUND_ALLOW: allowed = '' }: z.infer<typeof Environment>): OutboundConfig {
  if ((url === undefined) !== (from === undefined)) throw new ConfigError('SMTP_URL and MAIL_FROM are set together or not at all');
  const allow = allowed
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  try {
    readAllowedTargets(allow);
  } catch (error) {
    throw new ConfigError(`OUTBOUND_ALLOW: ${(error as Error).message}`);
  }
  return { mail: url === undefined || from === undefined ? null : { url, from }, allow };
}

function readRoles(argv: readonly string[]): ReadonlySet<WorkerRole> {
  const at = argv.indexOf('--role');
  const names = at < 0 ? [...ROLES] : (argv[at + 1] ?? '').split(',');
  const unknown = names.filter((name) => !ROLES.some((role) => role === name));
  if (unknown.length > 0) throw new ConfigError(`unknown role ${unknown.map((name) => `«${name}»`).join(', ')}; roles are ${ROLES.join(', ')}`);
  return new Set(names as WorkerRole[]);
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
