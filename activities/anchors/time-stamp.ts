import { Integer, Null, OctetString } from 'asn1js';
import {
  AlgorithmIdentifier,
  Certificate,
  ExtKeyUsage,
  MessageImprint,
  SignedData,
  type SignedDataVerifyResult,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
} from 'pkijs';
import { sha256 } from '../../db/ledger-primitives.ts';
import { AnchorRefused, AnchorUnavailable } from './anchor.ts';

export interface TimeStampQuestion {
  /** What is stamped; its SHA-256 is sent. */
  message: Uint8Array;
  /** Of this question alone; the answer must name it. */
  nonce: Uint8Array;
  /** OID of the policy that is asked for; null leaves it to the authority. */
  policy: string | null;
  /** When it is asked, epoch milliseconds. */
  askedAtMs: number;
}

/** A TimeStampReq of RFC 3161 in DER. Asks for the authority's certificate, so that the answer can be checked by itself. */
export function timeStampRequest({ message, nonce, policy }: Omit<TimeStampQuestion, 'askedAtMs'>): Uint8Array {
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: OID.sha256, algorithmParams: new Null() }),
      hashedMessage: new OctetString({ valueHex: sha256(message) }),
    }),
    nonce: new Integer({ valueHex: Uint8Array.from(nonce).buffer }),
    certReq: true,
    ...(policy === null ? {} : { reqPolicy: policy }),
  });
  return new Uint8Array(request.toSchema().toBER());
}

/**
 * Checks an answer in full: granted, for this message and nonce (and policy, where one was asked for), of this day, signed by a certificate that
 * may stamp times and that leads to one of `roots` (CA certificates in DER).
 * @throws AnchorUnavailable when it is no answer or the authority cannot answer now
 * @throws AnchorRefused when it is refused, or an answer to something else, or not signed by whom it should be
 */
export async function openTimeStamp(der: Uint8Array, question: TimeStampQuestion, roots: readonly Uint8Array[]): Promise<void> {
  const { signed, info } = parse(der);
  const { messageImprint: imprint } = info;
  if (imprint.hashAlgorithm.algorithmId !== OID.sha256 || !isSame(imprint.hashedMessage, sha256(question.message))) throw wrong('is of another message');
  if (info.nonce === undefined || !isSame(info.nonce, question.nonce)) throw wrong('has another nonce');
  if (question.policy !== null && info.policy !== question.policy) throw wrong('is given under another policy');
  if (Math.abs(info.genTime.getTime() - question.askedAtMs) > DAY_MS) throw wrong('is of another time');
  const { signatureVerified, signerCertificate } = await verify(signed, question.message, roots);
  if (signatureVerified !== true) throw wrong('is not signed by its certificate');
  if (!isForTimeStamps(signerCertificate)) throw wrong('is signed by a certificate that may not stamp times');
}

function parse(der: Uint8Array): { signed: SignedData; info: TSTInfo } {
  const response = orUnavailable(() => TimeStampResp.fromBER(der));
  const { failInfo } = response.status;
  const status: number = response.status.status;
  if (status !== STATUS.granted && status !== STATUS.grantedWithChanges) {
    const reasons = failInfo === undefined ? [] : FAILURES.filter(({ bit }) => isSet(failInfo.valueBlock.valueHexView, bit));
    const message = `the authority answered status ${[status, ...reasons.map(({ name }) => name)].join(' ')}`;
    throw status === STATUS.waiting || reasons.some(({ passes }) => passes) ? new AnchorUnavailable(message) : new AnchorRefused('rejected', message);
  }
  return orUnavailable(() => {
    const token = response.timeStampToken;
    if (token?.contentType !== OID.signedData) throw new Error('no token');
    const signed = new SignedData({ schema: token.content });
    const { eContentType, eContent } = signed.encapContentInfo;
    // The library takes any content and any number of signers.
    if (eContentType !== OID.timeStampInfo || eContent === undefined || signed.signerInfos.length !== 1) throw new Error('no time-stamp token');
    if (signed.signerInfos[0]?.signedAttrs === undefined) throw new Error('no signed attributes');
    return { signed, info: TSTInfo.fromBER(eContent.getValue()) };
  });
}

/** Of the token's own time: a certificate that has expired since is no fault of the stamp. */
async function verify(signed: SignedData, message: Uint8Array, roots: readonly Uint8Array[]): Promise<SignedDataVerifyResult> {
  try {
    const data = Uint8Array.from(message).buffer;
    return await signed.verify({ signer: 0, data, trustedCerts: roots.map((root) => Certificate.fromBER(root)), checkChain: true, extendedMode: true });
  } catch {
    throw wrong('is not signed under a certificate that is trusted here');
  }
}

/** RFC 3161, 2.3: this purpose alone, and marked as critical. */
function isForTimeStamps(certificate: Certificate | null | undefined): boolean {
  const usage = certificate?.extensions?.find(({ extnID }) => extnID === OID.extendedKeyUsage);
  return usage?.critical === true && usage.parsedValue instanceof ExtKeyUsage && usage.parsedValue.keyPurposes.join(' ') === OID.timeStamping;
}

/** A proxy's error page, or half an answer: there may be a whole one next time. */
function orUnavailable<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new AnchorUnavailable('the answer is no time-stamp response');
  }
}

const wrong = (what: string): AnchorRefused => new AnchorRefused('rejected', `the time stamp ${what}`);
const isSame = ({ valueBlock }: OctetString | Integer, bytes: Uint8Array): boolean => Buffer.from(valueBlock.valueHexView).equals(bytes);
const isSet = (bits: Uint8Array, bit: number): boolean => ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;

/** Either clock may be wrong; a certificate that expired long ago must not stamp times of long ago. */
const DAY_MS = 86_400_000;

const STATUS = { granted: 0, grantedWithChanges: 1, waiting: 3 };

/** PKIFailureInfo, as far as authorities use it. */
const FAILURES: readonly { bit: number; name: string; passes: boolean }[] = [
  { bit: 0, name: 'badAlg', passes: false },
  { bit: 2, name: 'badRequest', passes: false },
  { bit: 5, name: 'badDataFormat', passes: false },
  { bit: 14, name: 'timeNotAvailable', passes: true },
  { bit: 15, name: 'unacceptedPolicy', passes: false },
  { bit: 16, name: 'unacceptedExtension', passes: false },
  { bit: 17, name: 'addInfoNotAvailable', passes: true },
  { bit: 25, name: 'systemFailure', passes: true },
];

const OID = {
  sha256: '2.16.840.1.101.3.4.2.1',
  signedData: '1.2.840.113549.1.7.2',
  timeStampInfo: '1.2.840.113549.1.9.16.1.4',
  extendedKeyUsage: '2.5.29.37',
  timeStamping: '1.3.6.1.5.5.7.3.8',
};
