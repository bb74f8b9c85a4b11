/** A package that is installed beside this file. It is no dependency of ours, so its types are not known here: `types.test.ts` checks against them. */
// oxlint-disable-next-line typescript/no-explicit-any
export const loadPeer = (name: string): Promise<any> => import(name);
