import type { BusinessCalendar } from '../../schemas/business-calendar.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import type { ReviewLevel, Reviewers, ReviewPolicy } from '../../schemas/review-policy.ts';
import { lintCalendar } from '../hitl/business-lint.ts';
import { assuredOpenMs } from '../hitl/business-reach.ts';
import type { PolicyIssue } from './policy-invalid.ts';

/** A review as a set describes it. `position` is that of its rule; null for the set's default. */
export interface PlacedReview {
  review: ReviewPolicy;
  pointer: string;
  position: number | null;
}

export function reviewsOf({ rules, defaultReview }: PolicySet): PlacedReview[] {
  const placed: PlacedReview[] = [];
  for (const [position, { review }] of rules.entries()) {
    if (review !== undefined) placed.push({ review, pointer: `/rules/${position}/review`, position });
  }
  if (defaultReview !== undefined) placed.push({ review: defaultReview, pointer: '/defaultReview', position: null });
  return placed;
}

/** What is wrong with the reviews of a set by itself, whoever there is to decide them. */
export function lintReviews(set: PolicySet): PolicyIssue[] {
  const inspect = calendarInspector();
  return reviewsOf(set).flatMap(({ review: { levels, twoPerson }, pointer }) =>
    levels.flatMap((level, position) => {
      const at = `${pointer}/levels/${position}`;
      return [...openingFaults(level, at, inspect), ...separationFaults(level, at), ...countFaults(level, at, twoPerson === true)];
    }),
  );
}

type InspectCalendar = (calendar: BusinessCalendar) => { issues: readonly PolicyIssue[]; openMs: number };

/** Asking for a zone is slow, and the levels of a set mostly share one calendar. */
function calendarInspector(): InspectCalendar {
  const inspected = new Map<string, ReturnType<InspectCalendar>>();
  return (calendar) => {
    const text = JSON.stringify(calendar);
    const known = inspected.get(text);
    if (known !== undefined) return known;
    const issues = lintCalendar(calendar);
    const result = { issues, openMs: issues.length > 0 ? 0 : assuredOpenMs(calendar) };
    inspected.set(text, result);
    return result;
  };
}

function openingFaults({ businessHours, withinMs }: ReviewLevel, at: string, inspect: InspectCalendar): PolicyIssue[] {
  if (businessHours === undefined) return [];
  const { issues, openMs } = inspect(businessHours);
  if (issues.length > 0) return issues.map(({ pointer, detail }) => ({ pointer: `${at}/businessHours${pointer}`, detail }));
  return withinMs <= openMs ? [] : [{ pointer: `${at}/withinMs`, detail: 'the calendar is not sure to be open for so long within three years' }];
}

function separationFaults({ reviewers, separation = [] }: ReviewLevel, at: string): PolicyIssue[] {
  const issues: PolicyIssue[] = [];
  const onlyRoles = isEmpty(reviewers.users) && isEmpty(reviewers.groups) ? (reviewers.roles ?? []) : null;
  for (const [position, role] of separation.entries()) {
    const pointer = `${at}/separation/${position}`;
    if (separation.indexOf(role) < position) issues.push({ pointer, detail: `\`${role}\` is named twice; one approval of each role is what it asks for` });
    else if (onlyRoles?.includes(role) === false) issues.push({ pointer, detail: `no reviewer of this level is ${role}` });
  }
  return issues;
}

/** Where members are named one by one, there are no more of them than that. */
function countFaults({ reviewers, quorum, separation = [] }: ReviewLevel, at: string, twoPerson: boolean): PolicyIssue[] {
  const named = namedOnly(reviewers);
  if (named === null) return [];
  const people = `this level names ${named} member${named === 1 ? '' : 's'}`;
  return [
    ...(typeof quorum === 'number' && quorum > named ? [{ pointer: `${at}/quorum`, detail: people }] : []),
    ...(twoPerson && named < 2 ? [{ pointer: `${at}/reviewers`, detail: `${people}, and \`twoPerson\` asks for two` }] : []),
    ...(separation.length > named ? [{ pointer: `${at}/separation`, detail: `${people}, and each role is another person` }] : []),
  ];
}

function namedOnly({ users = [], roles, groups }: Reviewers): number | null {
  return isEmpty(roles) && isEmpty(groups) ? new Set(users).size : null;
}

const isEmpty = (names: readonly unknown[] | undefined): boolean => (names?.length ?? 0) === 0;
