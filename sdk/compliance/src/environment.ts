/** A variable of the process. Undefined where there is no process, as on some edges, or no leave to look, as on Deno. */
export function environmentVariable(name: string): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
    const value = process?.env?.[name]?.trim();
    return value === '' ? undefined : value;
  } catch {
    return undefined;
  }
}
