/**
 * The child's end of a drilled program: takes `{ call, verb, thread, retried }`, answers `{ call, outcome, ms }` or `{ call, error }`.
 * `ms` is the program's own work, without the way between the processes.
 * @param {Record<'pause' | 'resume', (thread: string, retried: boolean) => Promise<'paused' | 'done' | 'unknown'>>} verbs
 */
export function serveCommands(verbs) {
  process.on('message', (/** @type {{ call: number, verb: 'pause' | 'resume', thread: string, retried: boolean }} */ message) => {
    void answer(message);
  });
  // The drill has ended, however it did: nobody is left to kill this process.
  process.once('disconnect', () => process.exit());
  process.send?.({ ready: true });

  /** @param {{ call: number, verb: 'pause' | 'resume', thread: string, retried: boolean }} message */
  async function answer({ call, verb, thread, retried }) {
    const startMs = performance.now();
    try {
      const outcome = await verbs[verb](thread, retried);
      process.send?.({ call, outcome, ms: performance.now() - startMs });
    } catch (error) {
      process.send?.({ call, error: error instanceof Error ? error.message : String(error) });
    }
  }
}
