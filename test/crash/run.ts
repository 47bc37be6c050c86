/**
 * `npm run test:crash -- [--kills N] [--seed S] [vitest options]`: the crash project with a campaign of that length.
 * Owns nothing but the way from options to the environment of the tests.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const rest: string[] = [];
const env: NodeJS.ProcessEnv = { ...process.env };
const args = process.argv.slice(2);
for (let at = 0; at < args.length; at += 1) {
  const name = args[at] ?? '';
  if (name === '--kills' || name === '--seed')
    env[name === '--kills' ? 'SLUICE_KILLS' : 'SLUICE_SEED'] = args[++at] ?? '';
  else rest.push(name);
}
const child = spawn('vitest', ['run', '--project', 'crash', ...rest], { stdio: 'inherit', env });
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
