/**
 * `npm run test:sim -- --seeds N [--from S] [--world NAME] [--plant NAME] [--trace]`: plays seeds; the first that fails is shrunk and printed,
 * exit code 1.
 */
import { parseArgs } from 'node:util';
import { GAMES } from './games.ts';
import { shrink, type SeedFailure } from './play.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    world: { type: 'string', default: 'ingestion' },
    plant: { type: 'string' },
    trace: { type: 'string', default: '30' },
    'keep-going': { type: 'boolean', default: false },
  },
});
const { plant } = values;
const game = GAMES[values.world];
if (game === undefined) throw new Error(`no world ${values.world}; there are: ${Object.keys(GAMES).join(', ')}`);
if (plant !== undefined && !game.plants.includes(plant))
  throw new Error(`no plant ${plant}; there are: ${game.plants.join(', ')}`);

const first = Number(values.from);
const count = Number(values.seeds);
const started = process.hrtime.bigint();
let current = first;
process.on('unhandledRejection', (error) => {
  process.stdout.write(
    `seed ${current}: unhandled rejection ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exit(1);
});

const report = (failure: SeedFailure): void => {
  const { seed, step, invariant, message, events, kinds } = failure;
  process.stdout.write(
    `\nseed=${seed} step=${step} invariant=${invariant}\n${message}\nfaults: ${[...kinds].join(' ')}\n${events.slice(-Number(values.trace)).join('\n')}\n`,
  );
};

let failures = 0;
for (; current < first + count; current += 1) {
  const failure = await game.play(current, plant);
  if (failure === undefined) continue;
  failures += 1;
  if (values['keep-going']) {
    process.stdout.write(`seed=${failure.seed} step=${failure.step} ${failure.message}\n`);
    continue;
  }
  report(await shrink(failure, (without) => game.play(failure.seed, plant, without)));
  break;
}
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
const played = Math.min(current - first + 1, count);
process.stdout.write(
  `${played} seeds, ${failures} failed, ${seconds.toFixed(1)} s, ${((seconds * 1000) / played).toFixed(1)} ms a seed\n`,
);
process.exitCode = failures > 0 ? 1 : 0;
