/**
 * Counters and histograms with a `table` label, whose series leave with their table. Owns which label values each table has used;
 * which tables have series at all is `table-labels.ts`.
 */
import { Counter, Histogram, type Registry } from 'prom-client';
import { TableLabels } from './table-labels.ts';

type Labels = Readonly<Record<string, string>>;

interface Removable {
  remove(labels: Labels): void;
}

/** How a counter or histogram of tables is declared; `table` comes first among its labels. */
interface TableMetric {
  readonly name: string;
  readonly help: string;
  /** Besides `table`. */
  readonly labelNames?: readonly string[];
}

export class TableSeries {
  readonly labels: TableLabels;
  readonly #registry: Registry;
  readonly #used = new Map<string, Map<Removable, Map<string, Labels>>>();

  constructor(registry: Registry, maxTables: number) {
    this.#registry = registry;
    this.labels = new TableLabels(maxTables);
  }

  /** Answers the function that adds to the counter. */
  counter(metric: TableMetric): (table: string, value: number, labels?: Labels) => void {
    const counter = new Counter({ ...this.#configuration(metric), registers: [this.#registry] });
    return (table, value, labels = {}) => counter.inc(this.#labelled(counter, table, labels), value);
  }

  /** Answers the function that observes a value. */
  histogram(metric: TableMetric, buckets: readonly number[]): (table: string, value: number, labels?: Labels) => void {
    const histogram = new Histogram({
      ...this.#configuration(metric),
      buckets: [...buckets],
      registers: [this.#registry],
    });
    return (table, value, labels = {}) => histogram.observe(this.#labelled(histogram, table, labels), value);
  }

  /** Tables that are not present leave no series behind. */
  retain(present: ReadonlySet<string>): void {
    for (const table of this.labels.retain(present)) {
      for (const [metric, series] of this.#used.get(table) ?? [])
        for (const labels of series.values()) metric.remove(labels);
      this.#used.delete(table);
    }
  }

  #configuration({ name, help, labelNames = [] }: TableMetric) {
    return { name, help, labelNames: ['table', ...labelNames] };
  }

  /** The labels with the table's, remembered: one object a series, so that observing allocates nothing the second time. */
  #labelled(metric: Removable, name: string, labels: Labels): Labels {
    const table = this.labels.of(name);
    const metrics = this.#used.get(table) ?? new Map<Removable, Map<string, Labels>>();
    if (metrics.size === 0) this.#used.set(table, metrics);
    const series = metrics.get(metric) ?? new Map<string, Labels>();
    if (series.size === 0) metrics.set(metric, series);
    const key = Object.values(labels).join('\n');
    const known = series.get(key);
    if (known !== undefined) return known;
    const fresh = { table, ...labels };
    series.set(key, fresh);
    return fresh;
  }
}
