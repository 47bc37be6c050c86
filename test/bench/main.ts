/** `npm run bench NAME [-- options]`: runs one benchmark of this folder. */
const benches: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<void> }>>> = {
  check: () => import('./check.ts'),
  isolation: () => import('./isolation.ts'),
  maintenance: () => import('./maintenance.ts'),
  commit: () => import('./commit.ts'),
  compact: () => import('./compact.ts'),
  ingest: () => import('./ingest.ts'),
  staging: () => import('./staging.ts'),
};

const [name = '', ...args] = process.argv.slice(2);
const load = benches[name];
if (load === undefined) {
  process.stderr.write(`unknown benchmark "${name}"; try: ${Object.keys(benches).join(', ')}\n`);
  process.exitCode = 2;
} else await (await load()).run(args);
