import { ApplicationFailure } from '@temporalio/activity';
import type { Sql } from '../db/client.ts';
import {
  type AnchorOutcome,
  type AnchorState,
  listCheckpointsToAnchor,
  readAnchorState,
  recordAnchorOutcomes,
  type WaitingCheckpoint,
} from '../db/queries/anchors.ts';
import { type Anchor, AnchorRefused, AnchorUnavailable } from './anchors/anchor.ts';

/** Told how far each anchor has come, and what went wrong: for metrics, logs and alerts. */
export interface AnchorReports {
  state: (anchor: Anchor, state: AnchorState) => void;
  /** A try that came to nothing and is made again. */
  unavailable: (anchor: Anchor, problem: string) => void;
  /** Something for a person to look into. `conflict`: the anchor holds another history. */
  refused: (anchor: Anchor, refusal: { code: AnchorRefused['code']; origin: string; number: number; problem: string }) => void;
}

export interface AnchorActivitiesDeps {
  sql: Sql;
  anchors: readonly Anchor[];
  report: AnchorReports;
  /** Called before every checkpoint that is shown. Ends the page by throwing. */
  beat?: () => void;
  /** Checkpoints in one call, and those of one log among them. */
  pageSize?: number;
  perLog?: number;
}

export interface Anchored {
  anchored: number;
  refused: number;
  /** True where more wait. */
  more: boolean;
}

export type AnchorActivities = ReturnType<typeof createAnchorActivities>;

/** Showing checkpoints to the outside. Whatever fails there, the ledger and the signer go on. */
export function createAnchorActivities({ sql, anchors, report, beat = () => undefined, pageSize = 500, perLog = 100 }: AnchorActivitiesDeps) {
  const isEvery = ({ takes }: Anchor): boolean => takes === 'every';

  return {
    /** Reports how far each anchor has come; answers the names of those that have not been shown everything. */
    async surveyAnchors(): Promise<string[]> {
      const names: string[] = [];
      for (const anchor of anchors) {
        const { name } = anchor;
        report.state(anchor, await readAnchorState(sql, { anchor: name, every: isEvery(anchor) }));
        const [waiting] = await listCheckpointsToAnchor(sql, { anchor: name, every: isEvery(anchor), perLog: 1, limit: 1 });
        if (waiting !== undefined) names.push(name);
      }
      return names;
    },

    /**
     * Shows one anchor what waits for it, in order per log, and records what it answered. What it took and was not recorded, because this process
     * was killed in between, it is shown again.
     */
    async publishToAnchor({ anchor: name }: { anchor: string }): Promise<Anchored> {
      const anchor = anchors.find((each) => each.name === name);
      if (anchor === undefined) throw ApplicationFailure.nonRetryable('there is no anchor of this name any more', 'anchor-unknown');
      const waiting = await listCheckpointsToAnchor(sql, { anchor: name, every: isEvery(anchor), perLog, limit: pageSize });
      const { outcomes, failure } = await showAll(anchor, waiting);
      const recorded = outcomes.length === 0 ? 0 : await recordAnchorOutcomes(sql, { anchor: name, driver: anchor.driver, outcomes });
      report.state(anchor, await readAnchorState(sql, { anchor: name, every: isEvery(anchor) }));
      if (failure !== null) throw failure;
      const refused = outcomes.filter((outcome) => 'problem' in outcome).length;
      return { anchored: outcomes.length - refused, refused, more: isEvery(anchor) && recorded > 0 };
    },
  };

  async function showAll(anchor: Anchor, waiting: readonly WaitingCheckpoint[]): Promise<{ outcomes: AnchorOutcome[]; failure: ApplicationFailure | null }> {
    const outcomes: AnchorOutcome[] = [];
    const heldUp = new Set<string>();
    let failure: ApplicationFailure | null = null;
    for (const { orgId, ...checkpoint } of waiting) {
      const { origin, number } = checkpoint;
      // Behind one that could not be shown none of the same log is, so that the newest receipt tells how far it has come.
      if (heldUp.has(origin)) continue;
      beat();
      try {
        outcomes.push({ orgId, number, receipt: await anchor.publish(checkpoint) });
      } catch (error) {
        if (error instanceof AnchorUnavailable) {
          report.unavailable(anchor, error.message);
          heldUp.add(origin);
          failure = ApplicationFailure.retryable(error.message, 'anchor-unavailable');
        } else if (error instanceof AnchorRefused) {
          const { code, message: problem } = error;
          report.refused(anchor, { code, origin, number, problem });
          // A conflict is evidence. Where every checkpoint is shown, one that is never taken must not keep the later ones waiting.
          if (code === 'conflict' || isEvery(anchor)) outcomes.push({ orgId, number, problem });
          else failure = ApplicationFailure.nonRetryable(problem, 'anchor-refused');
        } else {
          throw error;
        }
      }
    }
    return { outcomes, failure };
  }
}
