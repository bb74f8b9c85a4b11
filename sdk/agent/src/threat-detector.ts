import { detect } from '../../../core/detection/detect.ts';
import { riskScore } from '../../../core/detection/risk-score.ts';
import type { AgentProfile, MastFinding } from '../../compliance/src/api-types.ts';
import type { EventDraft } from './decision.ts';
import { createEventNaming } from './event-naming.ts';
import { asServerEvent, asServerProfile } from './server-types.ts';
import type { SessionTracker } from './session-tracker.ts';
import { sha256Hex } from './sha256-hex.ts';

/**
 * What found a threat. `normalisation`: hidden or disguised text. `signatures`: known attacks, destructive and exfiltrating calls.
 * `heuristics`: statistics of a text. `classifier`: a trained model. `context`: session, grants and scope.
 */
export type DetectionLayer = 'normalisation' | 'signatures' | 'heuristics' | 'classifier' | 'context';

export interface Threat extends MastFinding {
  layer: DetectionLayer;
  /** What is proposed where no policy says otherwise. */
  outcome: 'alert' | 'hitl' | 'block';
  /** One sentence for people; quotes nothing of the text. */
  reason: string;
  /** Where and what, without the text: JSON pointer, signature, counts. */
  evidence: Record<string, string | number | boolean | string[]>;
}

export interface ThreatReport {
  /** Most severe first. */
  threats: Threat[];
  /** 0 to 100. */
  riskScore: number;
  /** The strictest of the threats; `none` without one. */
  outcome: 'none' | Threat['outcome'];
}

export interface ThreatDetectorOptions {
  profile?: AgentProfile | undefined;
  sessions?: SessionTracker | undefined;
}

/** Whose findings count to which layer. `heuristics` and `classifier` have no detectors of their own yet. */
const LAYERS: Readonly<Record<MastFinding['detector'], DetectionLayer>> = {
  'mem.obfuscation': 'normalisation',
  'mem.override': 'signatures',
  'act.destroy': 'signatures',
  'act.exec': 'signatures',
  'spc.cred': 'signatures',
  'act.scope': 'context',
  'act.args': 'context',
  'spc.tenant': 'context',
  'spc.scope': 'context',
  'tim.loop': 'context',
  'tim.noend': 'context',
  'tim.hitlflood': 'context',
};

/**
 * The detectors of the server, in this process: no network, no storage, in a browser too. The same event gives the same report.
 * @example new ThreatDetector().detect('Ignore all previous instructions').outcome
 */
export class ThreatDetector {
  readonly #options: ThreatDetectorOptions;
  readonly #name = createEventNaming({});

  constructor(options: ThreatDetectorOptions = {}) {
    this.#options = options;
  }

  /** A text counts as what a user has said; say so with an event where it came from elsewhere. */
  detect(input: string | EventDraft): ThreatReport {
    const { profile, sessions } = this.#options;
    const event = this.#name(typeof input === 'string' ? { action: 'chat', channel: 'user', content: input } : input);
    const nowMs = Date.now();
    const session = sessions?.stateOf(event, nowMs) ?? null;
    const { findings } = detect({ orgId: null, event: asServerEvent(event), profile: asServerProfile(profile), session, nowMs, sha256Hex });
    const threats = findings.map((finding): Threat => ({ ...finding, layer: LAYERS[finding.detector] }));
    return { threats, riskScore: riskScore(findings), outcome: threats[0]?.outcome ?? 'none' };
  }
}
