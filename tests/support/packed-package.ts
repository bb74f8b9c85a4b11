import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');

export interface PackedPackage {
  /** An empty project that has the package, or packages, installed from the tarball, and what they depend on. */
  directory: string;
  /** Of the first package. */
  tarball: string;
  /** What is in it, by path. */
  files: string[];
  /** Runs Node in the project, with no more of our environment than the path. Rejects where it fails. */
  node: (args: readonly string[], env?: Record<string, string>) => Promise<string>;
  /** Writes a file of the project and runs it. */
  run: (name: string, source: string, env?: Record<string, string>) => Promise<string>;
  remove: () => void;
}

/** Packs a package as `npm publish` would, and installs it in an empty folder without a registry. */
export const packPackage = (directory: string): Promise<PackedPackage> => packPackages([directory]);

/**
 * The same with several packages in one folder. What they depend on is packed from our own `node_modules`; `links` are packages of it that the project
 * has besides.
 */
export async function packPackages(directories: readonly string[], { links = [] }: { links?: readonly string[] } = {}): Promise<PackedPackage> {
  for (const directory of directories)
    if (!existsSync(join(ROOT, directory, 'dist'))) throw new Error(`${directory} has no dist/: run \`npm run build\` first`);
  const place = mkdtempSync(join(tmpdir(), 'mastguard-pack-'));
  try {
    const project = join(place, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}');
    const dependencies = directories.flatMap(dependenciesOf).map((name) => join('node_modules', name));
    const sources = [...directories, ...new Set(dependencies)].map((directory) => join(ROOT, directory));
    const { stdout } = await call('npm', ['pack', ...sources, '--json', '--ignore-scripts', '--pack-destination', place], place);
    const packs = Object.values(JSON.parse(stdout) as Record<string, { filename: string; files: { path: string }[] }>);
    const [packed] = packs;
    const tarball = join(place, packed?.filename ?? '');
    const tarballs = packs.map(({ filename }) => join(place, filename));
    await call('npm', ['install', ...tarballs, '--offline', '--no-audit', '--no-fund', '--ignore-scripts'], project);
    for (const name of links) {
      mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
    }
    const node: PackedPackage['node'] = async (args, env = {}) => (await call(process.execPath, args, project, env)).stdout;
    return {
      directory: project,
      tarball,
      files: (packed?.files ?? []).map(({ path }) => path),
      node,
      run(name, source, env) {
        writeFileSync(join(project, name), source);
        return node([name], env);
      },
      remove: () => rmSync(place, { recursive: true, force: true }),
    };
  } catch (error) {
    rmSync(place, { recursive: true, force: true });
    throw error;
  }
}

function dependenciesOf(directory: string): string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, directory, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
  return Object.keys(dependencies);
}

const call = (command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) =>
  promisify(execFile)(command, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], no_proxy: '127.0.0.1', npm_config_update_notifier: 'false', ...env },
  });
