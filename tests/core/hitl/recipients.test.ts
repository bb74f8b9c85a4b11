import { recipientsOf } from '../../../core/hitl/recipients.ts';
import { ballot, delegated, level, standing } from './ladders.ts';

const REVIEWERS = level();

test('everybody with a seat is asked, and everybody who stands in for one of them', () => {
  expect(recipientsOf(REVIEWERS, [], standing(), true)).toEqual(['ann', 'bob', 'cyd']);
  expect(recipientsOf(REVIEWERS, [], standing({ delegations: delegated('ann>ada', 'ada>oda') }), true)).toEqual(['ann', 'ada', 'oda', 'bob', 'cyd']);
});

test('nobody is asked about their own request, nor asked twice', () => {
  expect(recipientsOf(REVIEWERS, [], standing({ excluded: ['ann'], delegations: delegated('bob>cyd') }), true)).toEqual(['bob', 'cyd']);
});

test('who has voted is left alone, abstention included, and so is the holder of a seat that a deputy has filled', () => {
  expect(recipientsOf(REVIEWERS, [ballot('ann'), ballot('bob', 'abstain')], standing(), true)).toEqual(['cyd']);
  const filled = standing({ delegations: delegated('ann>ada', 'bob>ada') });
  // Ada has one vote, and it sits in Ann's seat.
  expect(recipientsOf(REVIEWERS, [ballot('ada for ann')], filled, true)).toEqual(['bob', 'cyd']);
});

test('how it ended is told to everybody who could have decided', () => {
  expect(recipientsOf(REVIEWERS, [ballot('ann')], standing({ delegations: delegated('bob>ada') }), false)).toEqual(['ann', 'bob', 'ada', 'cyd']);
});
