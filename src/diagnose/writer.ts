/** Who made a snapshot, as its summary tells. Engines use different keys; some say nothing. Pure. */

const KEYS_OF_JOBS = ['app-id', 'spark.app.id', 'flink.job-id', 'trino_query_id'] as const;

/** `Apache Spark 3.5.1 (app-id application_17)`, `Sluice pipeline ingest-2`; a phrase for those that do not say. */
export function writerOf(summary: ReadonlyMap<string, string>): string {
  const pipeline = summary.get('sluice.pipeline');
  if (pipeline !== undefined) return `Sluice pipeline ${pipeline}`;
  const job = KEYS_OF_JOBS.flatMap((key) => {
    const value = summary.get(key);
    return value === undefined ? [] : [`${key} ${value}`];
  })[0];
  const engine = summary.get('engine-name') ?? engineOf(summary);
  const version = summary.get('engine-version');
  const name = engine === undefined ? undefined : version === undefined ? engine : `${engine} ${version}`;
  if (name === undefined) return job ?? 'a writer that does not name itself';
  return job === undefined ? name : `${name} (${job})`;
}

function engineOf(summary: ReadonlyMap<string, string>): string | undefined {
  if (summary.has('spark.app.id')) return 'spark';
  if (summary.has('flink.job-id')) return 'flink';
  if (summary.has('trino_query_id')) return 'trino';
  return summary.get('iceberg-version');
}
