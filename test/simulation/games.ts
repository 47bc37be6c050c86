/** The worlds that can be played from the command line, by name. Owns no world. */
import { MAINTENANCE_PLANTS } from './maintained/maintenance-plants.ts';
import { playMaintained } from './maintained/play.ts';
import { PLANTS } from './plants.ts';
import { playSeed, type SeedFailure } from './play.ts';

interface Game {
  readonly plants: readonly string[];
  /** `plant` is one of the game's. */
  readonly play: (
    seed: number,
    plant: string | undefined,
    without?: ReadonlySet<string>,
  ) => Promise<SeedFailure | undefined>;
}

const game = <P extends { readonly name: string }>(
  plants: readonly P[],
  play: (options: { seed: number; without: ReadonlySet<string>; plant?: P }) => Promise<SeedFailure | undefined>,
): Game => ({
  plants: plants.map(({ name }) => name),
  play: (seed, wanted, without = new Set()) => {
    const plant = plants.find(({ name }) => name === wanted);
    return play({ seed, without, ...(plant === undefined ? {} : { plant }) });
  },
});

/** `ingestion`: the checkpoint protocol over a model of a catalog. `maintained`: the maintenance of a real Iceberg table. */
export const GAMES: Readonly<Record<string, Game>> = {
  ingestion: game(PLANTS, playSeed),
  maintained: game(MAINTENANCE_PLANTS, playMaintained),
};
