import { createHash, generateKeyPairSync, sign, verify, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestWitness {
  /** Submission prefix. */
  url: string;
  vkey: string;
  /** What it cosigned last, by origin. */
  known: Map<string, { size: number; root: string }>;
  /** Requests to add a checkpoint, oldest first. */
  requests: string[];
  /** What the next request is answered, whatever it asks. */
  answerNext: (status: number, body: string) => void;
  /** Called after a request has been dealt with, before it is answered. */
  beforeAnswer: (act: () => void) => void;
  /** Cosigns with this time from now on; null for the clock's. */
  signAt: (seconds: bigint | null) => void;
  close: () => Promise<void>;
}

/**
 * A witness as c2sp.org/tlog-witness describes it, with rules and proofs written down anew: it shares no code with what it witnesses.
 * `logs` are the verifier keys (type 0x01) of the logs that it knows, by origin.
 */
export async function startWitness({ name, logs }: { name: string; logs: Record<string, string> }): Promise<TestWitness> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const rawKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const keyId = sha256(Buffer.from(`${name}\n`), Buffer.of(4), rawKey).subarray(0, 4);
  const known: TestWitness['known'] = new Map();
  const requests: string[] = [];
  const answers: { status: number; body: string }[] = [];
  let fixedTime: bigint | null = null;
  let onAnswer = (): void => undefined;

  const cosign = (text: string): string => {
    const seconds = fixedTime ?? BigInt(Math.floor(Date.now() / 1_000));
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(seconds);
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), privateKey);
    return `— ${name} ${Buffer.concat([keyId, time, signature]).toString('base64')}\n`;
  };

  /** Checks in the order of the specification. */
  const add = (request: string): { status: number; body: string; type?: string } => {
    const [, old, hashes = '', text = '', origin = '', digits, root = '', signatures = ''] =
      /^old (0|[1-9]\d*)\n((?:[A-Za-z0-9+/=]{44}\n){0,63})\n((.+)\n(0|[1-9]\d*)\n([A-Za-z0-9+/=]{44})\n)\n((?:— .+ .+\n)+)$/.exec(request) ?? [];
    if (old === undefined || digits === undefined) return refused(400);
    const logKey = logs[origin];
    if (logKey === undefined) return refused(404);
    if (!isSignedBy(logKey, text, signatures)) return refused(403);
    const oldSize = Number(old);
    const size = Number(digits);
    if (oldSize > size) return refused(400);
    const before = known.get(origin) ?? { size: 0, root: sha256().toString('base64') };
    if (before.size !== oldSize) return { status: 409, body: `${before.size}\n`, type: 'text/x.tlog.size' };
    const proof = hashes.split('\n').slice(0, -1);
    if (size === 0 && root !== sha256().toString('base64')) return refused(422);
    if (!isConsistent(before, { size, root }, proof)) return refused(422);
    known.set(origin, { size, root });
    return { status: 200, body: cosign(text) };
  };

  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => void chunks.push(chunk));
    req.on('end', () => {
      if (req.method !== 'POST' || req.url !== '/w1/add-checkpoint') return void res.writeHead(404).end();
      const request = Buffer.concat(chunks).toString('utf8');
      requests.push(request);
      const { status, body, type = 'text/plain' }: ReturnType<typeof add> = answers.shift() ?? add(request);
      onAnswer();
      res.writeHead(status, { 'content-type': type }).end(body);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/w1/`,
    vkey: `${name}+${keyId.toString('hex')}+${Buffer.concat([Buffer.of(4), rawKey]).toString('base64')}`,
    known,
    requests,
    answerNext: (status, body) => void answers.push({ status, body }),
    beforeAnswer: (act) => void (onAnswer = act),
    signAt: (seconds) => void (fixedTime = seconds),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const refused = (status: number) => ({ status, body: 'refused\n' });

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function isSignedBy(vkey: string, text: string, signatures: string): boolean {
  const [, name, keyId, encoded] = /^(.+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  const x = Buffer.from(encoded ?? '', 'base64')
    .subarray(1)
    .toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return signatures.split('\n').some((line) => {
    const [, signer, bytes] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    const signature = Buffer.from(bytes ?? '', 'base64');
    return signer === name && signature.subarray(0, 4).toString('hex') === keyId && verify(null, Buffer.from(text), key, signature.subarray(4));
  });
}

interface Tree {
  size: number;
  root: string;
}

/** RFC 6962, 2.1.2, read as it is written: the proof is taken apart from its end. */
function isConsistent(older: Tree, newer: Tree, proof: readonly string[]): boolean {
  if (older.size === newer.size) return proof.length === 0 && older.root === newer.root;
  if (older.size === 0) return proof.length === 0;
  const left = proof.map((hash) => Buffer.from(hash, 'base64'));
  /** Roots of the first m leaves and of all n, of a subtree; whole where the old tree is a subtree of the new one. */
  const roots = (m: number, n: number, whole: boolean): [Buffer, Buffer] => {
    if (m === n) {
      const root = whole ? Buffer.from(older.root, 'base64') : (left.pop() ?? Buffer.alloc(0));
      return [root, root];
    }
    let k = 1;
    while (2 * k < n) k *= 2;
    const sibling = left.pop() ?? Buffer.alloc(0);
    if (m <= k) {
      const [before, after] = roots(m, k, whole);
      return [before, node(after, sibling)];
    }
    const [before, after] = roots(m - k, n - k, false);
    return [node(sibling, before), node(sibling, after)];
  };
  const [before, after] = roots(older.size, newer.size, true);
  return left.length === 0 && before.toString('base64') === older.root && after.toString('base64') === newer.root;
}

const node = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.of(1), left, right);
