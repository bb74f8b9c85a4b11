import { DetectorId } from '../../schemas/mast.ts';
import { EventInput } from '../../schemas/event.ts';
import { AgentProfile } from '../../schemas/agent.ts';
import { replaySession } from './detection-context.ts';
import { generateAttacks, generateCalls } from './generated-attacks.ts';

describe('generateAttacks', () => {
  const attacks = generateAttacks({ seed: 42, count: 330 });

  it('covers every detector and gives the same attacks for the same seed', () => {
    expect(new Set(attacks.map(({ expect: { detector } }) => detector))).toEqual(new Set(DetectorId.options));
    expect(generateAttacks({ seed: 42, count: 330 })).toEqual(attacks);
    expect(generateAttacks({ seed: 43, count: 330 })).not.toEqual(attacks);
  });

  it('makes valid events and profiles', () => {
    for (const { events, profile } of attacks) {
      EventInput.array().min(1).parse(events);
      AgentProfile.nullable().parse(profile);
    }
  });

  it('makes attacks whose last event is found by the detector it names', () => {
    const missed = attacks.filter(
      ({ events, profile, expect: { detector, category } }) =>
        !replaySession(events, profile)
          .at(-1)
          ?.some((finding) => finding.detector === detector && finding.category === category),
    );
    expect(missed.map(({ events, expect: { detector } }) => ({ detector, last: events.at(-1) }))).toEqual([]);
  });
});

describe('generateCalls', () => {
  it('gives exactly as many valid events as asked, of several agents and sessions, the same for the same seed', () => {
    const calls = generateCalls({ seed: 1, count: 500 });
    EventInput.array().length(500).parse(calls);
    expect(new Set(calls.map(({ agentId }) => agentId)).size).toBeGreaterThan(2);
    expect(new Set(calls.map(({ sessionId }) => sessionId)).size).toBeGreaterThan(20);
    expect(generateCalls({ seed: 1, count: 500 })).toEqual(calls);
  });
});
