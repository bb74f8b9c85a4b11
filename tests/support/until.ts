/** Waits for what a server does in its own time. Looks ever less often, up to ten times a second: looking is work for those that are waited for. */
export async function until<T>(look: () => T | undefined | false | Promise<T | undefined | false>, timeoutMs = 60_000): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (let waitMs = 25; ; waitMs = Math.min(waitMs * 1.2, 100)) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > endMs) throw new Error(`not seen within ${timeoutMs} ms: ${String(look)}`);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
