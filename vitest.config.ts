/**
 * Test projects. `npm test` runs unit, contract, simulation and service; servers, engines, packaging and crash need what
 * `.ci/run` provisions; soak and concurrency take minutes and want the machine for themselves.
 */
import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], testTimeout: number) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project('unit', ['test/unit/**/*.test.ts'], 30_000),
      project('contract', ['test/contract/**/*.test.ts'], 60_000),
      project('simulation', ['test/simulation/**/*.test.ts'], 300_000),
      project('service', ['test/service/**/*.test.ts'], 120_000),
      project('servers', ['test/servers/**/*.test.ts'], 300_000),
      project('engines', ['test/engines/**/*.test.ts'], 900_000),
      project('packaging', ['test/packaging/**/*.test.ts'], 600_000),
      project('crash', ['test/crash/**/*.test.ts'], 1_800_000),
      project('soak', ['test/soak/**/*.test.ts'], 900_000),
      project('concurrency', ['test/concurrency/**/*.test.ts'], 900_000),
    ],
  },
});
