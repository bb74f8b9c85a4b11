import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');

export interface PackedPackage {
  /** An empty project that has the package installed from its tarball, and nothing else. */
  directory: string;
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
export async function packPackage(directory: string): Promise<PackedPackage> {
  if (!existsSync(join(ROOT, directory, 'dist'))) throw new Error(`${directory} has no dist/: run \`npm run build\` first`);
  const place = mkdtempSync(join(tmpdir(), 'mastguard-pack-'));
  try {
    const project = join(place, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}');
    const { stdout } = await call('npm', ['pack', join(ROOT, directory), '--json', '--ignore-scripts', '--pack-destination', place], place);
    const [packed] = Object.values(JSON.parse(stdout) as Record<string, { filename: string; files: { path: string }[] }>);
    const tarball = join(place, packed?.filename ?? '');
    await call('npm', ['install', tarball, '--offline', '--no-audit', '--no-fund', '--ignore-scripts'], project);
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

const call = (command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) =>
  promisify(execFile)(command, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], no_proxy: '127.0.0.1', npm_config_update_notifier: 'false', ...env },
  });
