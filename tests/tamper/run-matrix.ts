import { randomBytes } from 'node:crypto';
import type { Attack } from './attack.ts';
import { type AttackResult, runAttack } from './run-attack.ts';
import type { Scene } from './scene/scene.ts';

export interface MatrixOptions {
  scene: Scene;
  attacks: readonly Attack[];
  /** Attacks at a time. */
  width?: number;
  onResult?: (result: AttackResult, done: number) => void;
}

/** Every attack on a copy of its own; results in the order of the attacks. */
export async function runMatrix({ scene, attacks, width = 2, onResult = () => undefined }: MatrixOptions): Promise<AttackResult[]> {
  const results: AttackResult[] = [];
  const name = `mg_attack_${randomBytes(4).toString('hex')}`;
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < attacks.length) {
      const at = next;
      next += 1;
      const attack = attacks[at] as Attack;
      const result = await runAttack(scene, attack, `${name}_${at}`).catch((cause: unknown) => {
        throw new Error(`the attack «${attack.name}» could not be made`, { cause });
      });
      results[at] = result;
      done += 1;
      onResult(result, done);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return results;
}
