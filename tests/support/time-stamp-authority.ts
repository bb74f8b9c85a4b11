import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface StampOptions {
  /** PEM files beside the authority's own: `tsa` unless one made by `addSigner` is named. */
  signer?: string;
  /** Hashes that it accepts. */
  digests?: string;
}

export interface TimeStampAuthority {
  url: string;
  /** Its CA certificate, PEM. */
  rootsFile: string;
  /** Policies that it stamps under; the first one is its default. */
  policies: readonly [string, string];
  /** Queries that came, oldest first. */
  queries: Buffer[];
  /** What the next query is answered, instead of a stamp. */
  answerNext: (answer: (query: Buffer) => Promise<{ status?: number; body: Buffer }> | { status?: number; body: Buffer }) => void;
  /** The answer to a query in DER, a refusal too. */
  stamp: (query: Buffer, options?: StampOptions) => Promise<Buffer>;
  /** A further key, certified for `purpose` by the CA, or by one that nobody knows. */
  addSigner: (name: string, options: { purpose: string; ca?: 'own' | 'other'; key?: string[] }) => Promise<void>;
  /** The answer to a query, signed by a signer that the tool itself would not let stamp. */
  forge: (query: Buffer, signer: string) => Promise<Buffer>;
  /** `openssl ts -verify`: what it says of a response for this data. Rejects where it is not in order. */
  verify: (response: Buffer, data: string) => Promise<string>;
  close: () => Promise<void>;
}

/** A time-stamp authority of RFC 3161 with a CA of its own, both made by openssl as it starts, behind HTTP on a free port of loopback. */
export async function startTimeStampAuthority(): Promise<TimeStampAuthority> {
  const directory = await mkdtemp(join(tmpdir(), 'mastguard-tsa-'));
  const policies = ['1.3.6.1.4.1.99999.1', '1.3.6.1.4.1.99999.2'] as const;
  const queries: Buffer[] = [];
  const answers: Parameters<TimeStampAuthority['answerNext']>[0][] = [];
  let files = 0;

  const newName = (): string => {
    files += 1;
    return `${files}.tmp`;
  };
  const openssl = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await run('openssl', args, { cwd: directory });
    return stdout + stderr;
  };
  const put = async (bytes: Buffer | string): Promise<string> => {
    const name = newName();
    await writeFile(join(directory, name), bytes);
    return name;
  };
  const made = async (...args: string[]): Promise<Buffer> => {
    const name = newName();
    await openssl(...args, '-out', name);
    return readFile(join(directory, name));
  };

  const configFor = ({ signer = 'tsa', digests = 'sha256' }: StampOptions): string => `
    [tsa]
    default_tsa = this
    [this]
    serial = ./serial
    crypto_device = builtin
    signer_cert = ./${signer}.pem
    signer_key = ./${signer}.key
    certs = ./ca.pem
    signer_digest = sha256
    default_policy = ${policies[0]}
    other_policies = ${policies[1]}
    digests = ${digests}
    ess_cert_id_alg = sha256`;

  const makeCa = async (name: string): Promise<void> => {
    const config = await put(
      '[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = Example Time CA\n[ext]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n',
    );
    await openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '2',
      '-config',
      config,
      '-extensions',
      'ext',
    );
  };

  const addSigner: TimeStampAuthority['addSigner'] = async (name, { purpose, ca = 'own', key = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] }) => {
    const issuer = ca === 'own' ? 'ca' : 'other-ca';
    const extensions = await put(
      `[ext]\nbasicConstraints = critical,CA:FALSE\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = ${purpose}\nauthorityKeyIdentifier = keyid\n`,
    );
    await openssl('req', '-newkey', ...key, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=Example ${name}`);
    const request = ['-req', '-in', `${name}.csr`, '-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial', '-days', '2'];
    await openssl('x509', ...request, '-extfile', extensions, '-extensions', 'ext', '-out', `${name}.pem`);
  };

  // One at a time: the tool counts serial numbers in a file.
  let last: Promise<unknown> = Promise.resolve();
  const stamp: TimeStampAuthority['stamp'] = (query, options = {}) => {
    const next = last.then(async () => made('ts', '-reply', '-config', await put(configFor(options)), '-queryfile', await put(query)));
    last = next.catch(() => undefined);
    return next;
  };

  await Promise.all([makeCa('ca'), makeCa('other-ca'), writeFile(join(directory, 'serial'), '01')]);
  await addSigner('tsa', { purpose: 'critical,timeStamping', key: ['rsa:2048'] });

  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => void chunks.push(chunk));
    req.on('end', () => {
      const query = Buffer.concat(chunks);
      queries.push(query);
      const isQuery = req.method === 'POST' && req.headers['content-type'] === 'application/timestamp-query';
      const answer = answers.shift() ?? (async () => (isQuery ? { body: await stamp(query) } : { status: 415, body: Buffer.alloc(0) }));
      Promise.resolve(answer(query)).then(
        ({ status = 200, body }) => res.writeHead(status, { 'content-type': 'application/timestamp-reply' }).end(body),
        () => res.writeHead(500).end(),
      );
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`,
    rootsFile: join(directory, 'ca.pem'),
    policies,
    queries,
    answerNext: (answer) => void answers.push(answer),
    stamp,
    addSigner,
    async forge(query, signer) {
      const token = await put(await made('ts', '-reply', '-in', await put(await stamp(query)), '-token_out'));
      const info = await put(await made('cms', '-verify', '-noverify', '-in', token, '-inform', 'DER'));
      const content = ['-binary', '-nodetach', '-outform', 'DER', '-econtent_type', '1.2.840.113549.1.9.16.1.4', '-md', 'sha256'];
      return granted(await made('cms', '-sign', ...content, '-in', info, '-signer', `${signer}.pem`, '-inkey', `${signer}.key`));
    },
    verify: async (response, data) => openssl('ts', '-verify', '-in', await put(response), '-data', await put(data), '-CAfile', 'ca.pem'),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

/** TimeStampResp { status granted, token } in DER. */
function granted(token: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from('3003020100', 'hex'), token]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(content.length);
  return Buffer.concat([Buffer.from('3082', 'hex'), length, content]);
}
