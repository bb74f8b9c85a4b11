import type { DetectorId, MastCategory } from '../../schemas/mast.ts';

/** What a detector would have happen, were no policy rule to say otherwise. */
export type DefaultOutcome = 'alert' | 'hitl' | 'block';

/** One thing a detector saw in an event. */
export interface Finding {
  detector: DetectorId;
  category: MastCategory;
  /** Berkeley mode code (arXiv 2503.13657v3), or null: that taxonomy covers reliability, not attacks. */
  mode: string | null;
  /** 0 to 1. */
  confidence: number;
  outcome: DefaultOutcome;
  /** One sentence for people. Names pointers, signatures and limits, never the content itself. */
  reason: string;
  /** Where and what, without the content: JSON pointer into the event, signature id, counts, limits. */
  evidence: Record<string, string | number | boolean | string[]>;
}
