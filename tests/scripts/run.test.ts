const source: string = '../../scripts/lib/run.mjs';
interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly output: string;
}
const {
  run,
  runOrThrow,
  shortened,
}: {
  readonly run: (command: string, args: readonly string[], options?: { timeoutMs: number }) => Promise<Result>;
  readonly runOrThrow: (doing: string, command: string, args: readonly string[]) => Promise<Result>;
  readonly shortened: (output: string, linesEach?: number) => string;
} = await import(source);

test('stdout is kept apart, and both streams are in the output', async () => {
  const result = await run(process.execPath, ['-e', 'console.log("out"); console.error("err"); process.exitCode = 3']);
  expect(result.code).toBe(3);
  expect(result.stdout).toBe('out\n');
  expect(result.output).toContain('err');
});

test('a command that does not exist is a failure with code 127, not an exception', async () => {
  expect((await run('mastguard-no-such-command', [])).code).toBe(127);
});

test('a command past its time is killed and said to be', async () => {
  const result = await run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 300 });
  expect(result.code).not.toBe(0);
  expect(result.output).toContain('SIGKILL');
});

test('an error says what was being done and with which exit code', async () => {
  await expect(runOrThrow('the build', process.execPath, ['-e', 'console.error("reason"); process.exit(2)'])).rejects.toThrow(
    /the build failed \(exit code 2\):\nreason/,
  );
});

test('long output keeps both of its ends', () => {
  const lines = Array.from({ length: 10 }, (_, index) => `line ${index}`);
  expect(shortened(lines.join('\n'), 2)).toBe('line 0\nline 1\n... 6 lines ...\nline 8\nline 9');
  expect(shortened(lines.join('\n'), 5)).toBe(lines.join('\n'));
});
