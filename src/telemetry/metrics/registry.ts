/**
 * The Prometheus registry: every series the process exposes (`sluice_*`, and Node's own defaults), put together from its themes.
 * Owns the exposition; who reports what is `contracts/metrics.ts`, and `docs/metrics.md` lists every series.
 */
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { Exposition, Metrics } from '../../contracts/metrics.ts';
import { formatTableName } from '../../core/ids.ts';
import { checkpointMetrics } from './checkpoints.ts';
import { levelGauges } from './levels.ts';
import { maintenanceMetrics } from './maintenance.ts';
import { processMetrics } from './process.ts';
import { requestMetrics } from './requests.ts';
import { TableSeries } from './table-series.ts';

/** Tables with series of their own; the others share one. About 60 series a table. */
const MAX_TABLES = 500;

export interface MetricsRegistry extends Metrics, Exposition {
  /** Every series there can be: its name, its kind, its help and its own labels. */
  describe(): readonly MetricDescription[];
}

export interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** One registry a process: the defaults of Node are registered with it. */
export function createMetrics(build: { readonly version: string }, maxTables = MAX_TABLES): MetricsRegistry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const info = new Gauge({
    name: 'sluice_build_info',
    help: 'Constant 1.',
    labelNames: ['version'],
    registers: [registry],
  });
  info.set({ version: build.version }, 1);
  const tables = new TableSeries(registry, maxTables);
  const levels = levelGauges(registry, tables.labels);
  return {
    ...requestMetrics(registry, tables),
    ...checkpointMetrics(registry, tables),
    ...maintenanceMetrics(registry),
    ...processMetrics(registry),
    contentType: registry.contentType,
    render: (now) => {
      // Without the catalog nobody can say that a table is gone.
      if (now.catalogAnswers !== false) tables.retain(new Set(now.tables.map(({ name }) => formatTableName(name))));
      levels(now);
      return registry.metrics();
    },
    describe: () =>
      registry.getMetricsAsArray().map((metric) => {
        const { name, help, type, labelNames } = metric as unknown as Described;
        return { name, help, type: String(type), labels: labelNames };
      }),
  };
}

/** What prom-client keeps of each metric; its types leave out the labels. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly labelNames: readonly string[];
}
