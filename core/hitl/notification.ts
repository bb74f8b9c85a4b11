import { agentText } from './agent-text.ts';

/** What a message about a review is made from. */
export interface ReviewNotice {
  occasion: 'asked' | 'reminded' | 'decided' | 'expired' | 'changed';
  reviewId: string;
  /** From the agent, as `action` and whatever `reasons` quote: untrusted. */
  agentId: string;
  action: string;
  /** Masked of secrets already. */
  reasons: string[];
  /** 0 to 100. */
  riskScore: number;
  /** Index of the level that is asked, from 0. */
  level: number;
  levels: number;
  /** RFC 3339; null when nothing is waited for. */
  dueAt: string | null;
  status: string;
  reviewUrl: string;
  /** The page on which one person decides with one click; whoever has it can. Null in messages to several people. */
  decideUrl: string | null;
}

export interface Fact {
  label: string;
  value: string;
  /** Chosen by the agent: a channel shows it as literal text. */
  fromAgent: boolean;
}

/** What happened, in our own words only. */
export function headlineOf({ occasion, status }: ReviewNotice): string {
  switch (occasion) {
    case 'asked':
      return 'An agent waits for your decision';
    case 'reminded':
      return 'Reminder: an agent still waits for your decision';
    case 'decided':
      return `Review decided: ${status}`;
    case 'expired':
      return 'Review expired: nobody decided in time';
    case 'changed':
      return 'A review has changed';
  }
}

export function factsOf(notice: ReviewNotice): Fact[] {
  const ours = (label: string, value: string): Fact => ({ label, value, fromAgent: false });
  return [
    { label: 'Action', value: actionOf(notice), fromAgent: true },
    { label: 'Agent', value: agentOf(notice), fromAgent: true },
    ours('Risk score', `${notice.riskScore} of 100`),
    ours('Status', notice.status),
    ...(notice.levels > 1 ? [ours('Level', `${notice.level + 1} of ${notice.levels}`)] : []),
    ...(notice.dueAt === null ? [] : [ours('Due', utcText(notice.dueAt))]),
    ours('Review', notice.reviewId),
  ];
}

export const actionOf = ({ action }: ReviewNotice): string => agentText(action, 160) || '(none)';
export const agentOf = ({ agentId }: ReviewNotice): string => agentText(agentId, 160) || '(none)';

/** The first reasons, and how many are left out. */
export function reasonsOf({ reasons }: ReviewNotice): { shown: string[]; more: number } {
  const shown = reasons.slice(0, MAX_REASONS).map((reason) => agentText(reason, 300));
  return { shown, more: reasons.length - shown.length };
}

/** The most direct one first. */
export function linksOf({ reviewUrl, decideUrl }: ReviewNotice): { label: string; url: string }[] {
  return [...(decideUrl === null ? [] : [{ label: 'Decide', url: decideUrl }]), { label: 'Open the review', url: reviewUrl }];
}

/** `2030-01-31 12:00 UTC`: a message does not know the reader's zone. */
export const utcText = (at: string): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const MAX_REASONS = 10;
