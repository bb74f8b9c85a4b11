import type { PolicySet } from '../../schemas/policy.ts';
import type { House } from '../support/house.ts';
import { addTestOrganization, type TestOrganization } from '../support/product.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { audit, type Audit } from './audit.ts';
import { type Load, startLoad } from './load.ts';
import { makeTraffic } from './traffic.ts';

export interface DrillReport {
  name: string;
  audit: Audit;
  /** Broken promises in words; empty when the drill was passed. */
  violations: string[];
}

export interface Drill {
  name: string;
  run: (house: House, random: SeededRandom, options?: DrillOptions) => Promise<DrillReport>;
}

export interface DrillOptions {
  events?: number;
  /** Added to every time that is promised, where the machine itself may stall. */
  toleranceMs?: number;
}

export interface Disturbance {
  name: string;
  policy?: PolicySet;
  /** Set where the API itself is killed: callers then see broken connections. */
  breaksConnections?: boolean;
  /** Called in the middle of the load. Resolves when everything is up again; answers what was wrong meanwhile. */
  disturb: (scene: Scene) => Promise<string[]>;
}

export interface Scene {
  house: House;
  organization: TestOrganization;
  load: Load;
  random: SeededRandom;
  toleranceMs: number;
}

/** Promised is about a second; the rest is for a machine that does other things as well. */
export const WORST_503_MS = 2_500;

/** A drill under load: traffic of an organisation of its own, something happens in the middle, and then nothing may be amiss. */
export function drillUnderLoad({ name, breaksConnections = false, disturb }: Disturbance): Drill {
  return {
    name,
    async run(house, random, { events: count = 200, toleranceMs = 0 } = {}) {
      const organization = await addTestOrganization(house.sql, house.masterKey);
      const load = startLoad({ apiUrl: house.apiUrl, apiKey: organization.apiKey, events: makeTraffic(random, count) });
      await load.reached(random.integer(Math.floor(count * 0.25), Math.floor(count * 0.6)));
      const seen = await disturb({ house, organization, load, random, toleranceMs });
      await load.done;
      // Nothing can be asked of a product that is gone.
      const deaths = house.deaths();
      if (deaths.length > 0) throw new Error(`${name}: ${deaths.join('\n')}`);
      const result = await audit(house, organization, load);
      return { name, audit: result, violations: [...seen, ...violationsOf(result, { breaksConnections, toleranceMs })] };
    },
  };
}

export function violationsOf(result: Audit, { breaksConnections, toleranceMs }: { breaksConnections: boolean; toleranceMs: number }): string[] {
  const nought = ['doubled', 'lost', 'disagreeing', 'stuck', 'chainFindings', 'unexpected', ...(breaksConnections ? [] : (['broken'] as const))] as const;
  return [
    ...nought.filter((key) => result[key] !== 0).map((key) => `${key}: ${result[key]}`),
    ...(['acknowledged', 'recorded'] as const).filter((key) => result[key] !== result.posted).map((key) => `${key}: ${result[key]} of ${result.posted}`),
    ...(result.worst503Ms > WORST_503_MS + toleranceMs ? [`a 503 took ${result.worst503Ms} ms`] : []),
    ...result.notes,
  ];
}
