import type { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { ServerConfig } from '../config.ts';
import type { createPayloadCodec } from '../payload-codec.ts';
import type { TemporalConnection } from '../temporal-connection.ts';

/** What every role that talks to Temporal works with. */
export interface RoleParts {
  config: ServerConfig;
  temporal: TemporalConnection;
  codec: ReturnType<typeof createPayloadCodec>;
  /** With the application's connections to the database. */
  vault: SubjectVault;
  metrics: Registry;
  logger: Logger;
}

/** A role as one process has it. */
export interface RunningRole {
  workers: readonly Worker[];
  /** Takes on nothing new. Called before the workers drain. */
  quiet?: () => Promise<void>;
  /** Lets go of what it has opened. Called when they have ended. */
  close?: () => Promise<void>;
}
