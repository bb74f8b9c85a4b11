import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDependencies } from '../../../scripts/lib/dependencies.mjs';
import type { createProgress } from '../../../scripts/lib/progress.mjs';
import { USAGES } from './usages.ts';

export type Progress = ReturnType<typeof createProgress>;

/** What was not compared, and why. */
export interface SkippedPeers {
  names: string[];
  reason: string;
}

/**
 * Installs the compared products beside this file, or in `directory`, at the pinned versions, when they are not there yet. They are no dependency of
 * ours, so only the comparison asks for them; where that fails, it is skipped by name.
 */
export async function installPeers(
  progress: Progress,
  { directory = import.meta.dirname, names = USAGES.map(({ name }) => name) }: { directory?: string; names?: string[] } = {},
): Promise<SkippedPeers | undefined> {
  const renamed: Progress = { ...progress, update: (_step, detail) => progress.update('installing the compared products', detail) };
  try {
    await ensureDependencies(renamed, directory);
    return undefined;
  } catch (error) {
    return { names, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** `1.7.3`, or with several packages `1.7.3 + 1.0.5`. */
export function installedVersion(packages: readonly string[], directory = import.meta.dirname): string {
  const versions = packages.map((name) => {
    const { version } = JSON.parse(readFileSync(join(directory, 'node_modules', name, 'package.json'), 'utf8')) as { version: string };
    return version;
  });
  return versions.join(' + ');
}
