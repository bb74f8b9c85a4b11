/** The least a workflow can do: the yardstick. */
export async function bare(): Promise<string> {
  return 'ALLOW';
}
