import { installedVersion, installPeers, type Progress } from '../../chaos/peers/install.ts';
import { attackAuditLogger, type PeerResult } from './peer-attacks.ts';

const PACKAGE = '@microsoft/agent-governance-sdk';

export interface Comparison {
  name: string;
  version: string;
  results: PeerResult[];
}

/** Attacks the log of another product; the reason where it could not be installed. */
export async function comparePeer(progress: Progress): Promise<Comparison | string> {
  const skipped = await installPeers(progress, { directory: import.meta.dirname, names: [PACKAGE] });
  if (skipped !== undefined) return `skipped ${skipped.names.join(', ')}: ${skipped.reason}`;
  const { AuditLogger: Logger } = await import('./audit-logger.mjs');
  return { name: `${PACKAGE} AuditLogger`, version: installedVersion([PACKAGE], import.meta.dirname), results: attackAuditLogger(Logger) };
}
