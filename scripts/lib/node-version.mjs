/** Node 20.19 is the first of its line that loads ES modules with `require`, which Jest and the build tools use. */
const minimum = /** @type {const} */ ([20, 19]);

/** @param {string} version as in process.versions.node @returns {string | undefined} the problem, in words */
export function nodeVersionProblem(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > minimum[0] || (major === minimum[0] && minor >= minimum[1])) return undefined;
  return `MastGuard needs Node ${minimum.join('.')} or newer, this is ${version}. Install a current one from https://nodejs.org and start again.`;
}
