import type { Sha256Hex } from '../hashing.ts';
import type { DefaultOutcome, Finding } from '../mast/finding.ts';
import { advanceSession } from './advance-session.ts';
import type { DetectionContext } from './context.ts';
import { detectActArgs } from './detectors/act-args.ts';
import { detectActDestroy } from './detectors/act-destroy.ts';
import { detectActExec } from './detectors/act-exec.ts';
import { detectActScope } from './detectors/act-scope.ts';
import { detectMemObfuscation } from './detectors/mem-obfuscation.ts';
import { detectMemOverride } from './detectors/mem-override.ts';
import { detectSpcCred } from './detectors/spc-cred.ts';
import { detectSpcScope } from './detectors/spc-scope.ts';
import { detectSpcTenant } from './detectors/spc-tenant.ts';
import { detectTimHitlflood } from './detectors/tim-hitlflood.ts';
import { detectTimLoop } from './detectors/tim-loop.ts';
import { detectTimNoend } from './detectors/tim-noend.ts';
import { readEventTexts, type EventText } from './event-texts.ts';
import { maskSecrets } from './secret-shapes.ts';
import type { SessionState } from './session-state.ts';

export interface Detection {
  /** Most severe first; equal severity by confidence, then by detector id. */
  findings: Finding[];
  /** The session after this event; null for an event without a session. */
  session: SessionState | null;
}

type Detector = (context: DetectionContext, views: readonly EventText[]) => Finding | null;

const DETECTORS: readonly Detector[] = [
  detectMemOverride,
  detectMemObfuscation,
  detectActScope,
  detectActArgs,
  detectActDestroy,
  detectActExec,
  detectSpcTenant,
  detectSpcScope,
  detectSpcCred,
  detectTimLoop,
  detectTimNoend,
  detectTimHitlflood,
];

/** Runs every detector on one event. Same context, same answer. */
export function detect(given: DetectionContext): Detection {
  const context = { ...given, sha256Hex: rememberingLast(given.sha256Hex) };
  const views = readEventTexts(context.event);
  const findings = DETECTORS.map((detector) => detector(context, views)).filter((finding) => finding !== null);
  return { findings: findings.map(withoutSecrets).toSorted(bySeverity), session: advanceSession(context) };
}

/** The call is hashed for the rule of loops and for the session. */
function rememberingLast(hash: Sha256Hex): Sha256Hex {
  let last: { text: string; hash: string } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, hash: hash(text) };
    return last.hash;
  };
}

const SEVERITY: Readonly<Record<DefaultOutcome, number>> = { block: 2, hitl: 1, alert: 0 };

const bySeverity = (a: Finding, b: Finding): number =>
  SEVERITY[b.outcome] - SEVERITY[a.outcome] || b.confidence - a.confidence || (a.detector < b.detector ? -1 : a.detector > b.detector ? 1 : 0);

/** Names, ids and limits in evidence come from the caller: one of them may hold a secret. */
function withoutSecrets(finding: Finding): Finding {
  const evidence = Object.fromEntries(
    Object.entries(finding.evidence).map(([key, value]) => [
      key,
      typeof value === 'string' ? maskSecrets(value) : Array.isArray(value) ? value.map(maskSecrets) : value,
    ]),
  );
  return { ...finding, reason: maskSecrets(finding.reason), evidence };
}
