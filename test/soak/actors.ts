/** Who sends to a soaked daemon and asks it things, and how often. Owns the mix; what a turn of each does is in the files beside. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Chance } from '../support/chance.ts';
import { channelProducer, keyProducer } from './exact-actors.ts';
import { disconnecting, eventReader, onlooker, refused } from './guests.ts';
import { committedWaiter, deadLetterProducer, largeProducer, smallProducer } from './producers.ts';
import type { World } from './world.ts';

/** Made once a soak; a turn is one thing that an actor does. */
export type Actor = (world: World, chance: Chance) => () => Promise<void>;

const MIX: readonly { readonly actor: Actor; readonly copies: number; readonly pauseMs: number }[] = [
  { actor: smallProducer, copies: 3, pauseMs: 100 },
  { actor: largeProducer, copies: 1, pauseMs: 400 },
  { actor: committedWaiter, copies: 2, pauseMs: 200 },
  { actor: channelProducer, copies: 2, pauseMs: 100 },
  { actor: keyProducer, copies: 2, pauseMs: 100 },
  { actor: deadLetterProducer, copies: 1, pauseMs: 300 },
  { actor: refused, copies: 1, pauseMs: 150 },
  { actor: disconnecting, copies: 2, pauseMs: 200 },
  { actor: eventReader, copies: 3, pauseMs: 500 },
  { actor: onlooker, copies: 1, pauseMs: 700 },
];

/** Resolves once the load is over and nobody waits for an answer. */
export async function actAll(world: World, seed: number): Promise<void> {
  const cast = MIX.flatMap(({ actor, copies, pauseMs }) => Array.from({ length: copies }, () => ({ actor, pauseMs })));
  await Promise.all(
    cast.map(async ({ actor, pauseMs }, number) => {
      const chance = new Chance(seed * 1000 + number);
      const turn = actor(world, chance);
      while (!world.over.aborted) {
        await turn();
        await sleep(chance.below(2 * pauseMs));
      }
    }),
  );
}
