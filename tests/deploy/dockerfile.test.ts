import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('the build context holds every directory that the build compiles, and no local state', () => {
  const lines = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const { include } = JSON.parse(read('tsconfig.build.json')) as { include: string[] };
  expect(lines[0]).toBe('*');
  for (const directory of include) expect(lines).toContain(`!${directory}`);
  for (const line of lines.slice(1)) expect(line).not.toMatch(/node_modules|dist|\.mastguard|\.git|\.env/);
});

test('the image runs without root on a version of Node that the product takes', () => {
  const lines = read('deploy/Dockerfile').split('\n');
  const bases = lines.filter((line) => line.startsWith('FROM '));
  const lastBase = lines.findLastIndex((line) => line.startsWith('FROM '));
  for (const base of bases) expect(base).toMatch(/^FROM node:24-bookworm-slim/);
  expect(lines.slice(lastBase)).toContain('USER node');
  expect(lines.slice(lastBase).some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
});
