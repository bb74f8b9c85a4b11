import { createReadStream } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { repositoryRoot } from '../../scripts/lib/paths.mjs';
import { describeInBrowser, startBrowser, type TestBrowser } from '../support/browser.ts';
import { replaceInLine } from '../support/edit-export.ts';
import type { ExportFiles } from '../support/ledger-export.ts';
import { smallLedger, withKept } from '../support/ledger-export-samples.ts';

const BUNDLE = join(repositoryRoot, 'dist/browser/ledger-verifier.js');

/** Runs in the page: the bundle alone judges the files. */
const JUDGE = `async (files) => {
  const { verifyFiles } = await import('/ledger-verifier.js');
  return verifyFiles(files);
}`;

describeInBrowser('the verifier in a browser', () => {
  let server: Server;
  let browser: TestBrowser;
  let url: string;

  beforeAll(async () => {
    server = createServer((req, res) => {
      if (req.url !== '/ledger-verifier.js') return void res.setHeader('content-type', 'text/html').end('<!doctype html><title>verifier</title>');
      res.setHeader('content-type', 'text/javascript');
      createReadStream(BUNDLE).pipe(res);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.stop();
    await new Promise((resolve) => server.close(resolve));
  });

  const judge = async (files: ExportFiles): Promise<{ findings: object[]; entries: number }> => {
    const texts = Object.fromEntries([...files].map(([name, content]) => [name, content.toString()]));
    const page = await browser.context.newPage();
    await page.goto(url);
    try {
      return await page.evaluate(`(${JUDGE})(${JSON.stringify(texts)})`);
    } finally {
      await page.close();
    }
  };

  test('finds nothing in a whole export, with receipts and checkpoints that were kept elsewhere', async () => {
    expect(await judge(withKept(smallLedger()))).toMatchObject({ entries: 11, findings: [] });
  });

  test('finds one changed body, and nothing else', async () => {
    const tampered = replaceInLine('bodies.ndjson', 1, '"body":{', '"body":{"a":1,')(withKept(smallLedger()));
    const { findings } = await judge(tampered);
    expect(findings).toEqual([{ code: 'BODY_MISMATCH', ref: 'entry:1', count: 1 }]);
  });

  test('finds a rewritten tail by a receipt alone', async () => {
    const files = withKept(smallLedger());
    const receipt = { seq: 12, entryHash: 'ab'.repeat(32), checkpointSize: 11 };
    const { findings } = await judge(new Map([...files, ['receipts.ndjson', `${JSON.stringify(receipt)}\n`]]));
    expect(findings).toEqual([{ code: 'RECEIPT_NOT_IN_LOG', ref: 'receipt:12', count: 1 }]);
  });
});
