import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { type DurableFs, durableFs, makePrivateDirectory, readIfThere, replaceFile, replaceFileDurably } from './durable-file.ts';
import { Installation, RememberedDeployment, RememberedOrg } from './remembered.ts';

/** The state directory: one file per organisation, one for the deployment log, one for the installation. */
export interface Memory {
  directory: string;
  fs: DurableFs;
  /** Null before the first start. */
  installation: Installation | null;
  orgs: ReadonlyMap<string, RememberedOrg>;
  /** Organisations whose file cannot be read, with the reason. */
  damaged: ReadonlyMap<string, string>;
  /** Undefined where there is no file; a text where it cannot be read. */
  deployment: RememberedDeployment | string | undefined;
  keepInstallation: (installation: Installation) => Promise<void>;
  /** Durable when it resolves. When it rejects, some may have been kept: nothing must be signed then. */
  keepOrgs: (orgs: readonly RememberedOrg[]) => Promise<void>;
  keepDeployment: (deployment: RememberedDeployment) => Promise<void>;
}

export async function openMemory(directory: string, fs: DurableFs = durableFs): Promise<Memory> {
  const orgDirectory = join(directory, 'orgs');
  await makePrivateDirectory(directory);
  await makePrivateDirectory(orgDirectory);
  const installationFile = join(directory, 'signer.json');
  const deploymentFile = join(directory, 'deployment.json');

  const orgs = new Map<string, RememberedOrg>();
  const damaged = new Map<string, string>();
  for (const name of await readdir(orgDirectory)) {
    const [, org] = /^([0-9a-f-]{36})\.json$/.exec(name) ?? [];
    if (org === undefined) continue;
    const remembered = parse(RememberedOrg, await readIfThere(join(orgDirectory, name)));
    if (typeof remembered === 'string') damaged.set(org, remembered);
    else if (remembered?.org === org) orgs.set(org, remembered);
    else damaged.set(org, 'it is about another organisation');
  }
  const installation = parse(Installation, await readIfThere(installationFile));
  if (typeof installation === 'string') throw new Error(`${installationFile} is damaged: ${installation}`);

  const memory: Memory = {
    directory,
    fs,
    installation: installation ?? null,
    orgs,
    damaged,
    deployment: parse(RememberedDeployment, await readIfThere(deploymentFile)),
    async keepInstallation(next) {
      await replaceFileDurably(fs, installationFile, textOf(next));
      memory.installation = next;
    },
    async keepOrgs(kept) {
      for (const org of kept) {
        await replaceFile(fs, join(orgDirectory, `${org.org}.json`), textOf(org));
        orgs.set(org.org, org);
        damaged.delete(org.org);
      }
      if (kept.length > 0) await fs.syncDirectory(orgDirectory);
    },
    async keepDeployment(next) {
      await replaceFileDurably(fs, deploymentFile, textOf(next));
      memory.deployment = next;
    },
  };
  return memory;
}

/** @throws Error before the first session has been opened */
export function installationOf({ installation }: Memory): Installation {
  if (installation === null) throw new Error('the state directory has not been set up');
  return installation;
}

const textOf = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** A text says what is wrong with it. */
function parse<T>(schema: z.ZodType<T>, text: string | undefined): T | string | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : (parsed.error.issues[0]?.message ?? 'it has another form');
  } catch {
    return 'it is no JSON';
  }
}
