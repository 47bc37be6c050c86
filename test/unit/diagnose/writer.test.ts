/** Promise: whoever made a snapshot is named as its summary allows. */
import { expect, test } from 'vitest';
import { writerOf } from '../../../src/diagnose/writer.ts';

test.each<[Record<string, string>, string]>([
  [{ 'sluice.pipeline': 'ingest-2', 'engine-name': 'x' }, 'Sluice pipeline ingest-2'],
  [{ 'engine-name': 'spark', 'engine-version': '3.5.1', 'app-id': 'app_1' }, 'spark 3.5.1 (app-id app_1)'],
  [{ 'spark.app.id': 'local-1' }, 'spark (spark.app.id local-1)'],
  [{ trino_query_id: '2026_1' }, 'trino (trino_query_id 2026_1)'],
  [{ 'flink.job-id': 'ab' }, 'flink (flink.job-id ab)'],
  [{ 'iceberg-version': 'Apache Iceberg 1.12.0' }, 'Apache Iceberg 1.12.0'],
  [{ 'app-id': 'a' }, 'app-id a'],
  [{}, 'a writer that does not name itself'],
])('%j is %s', (summary, writer) => {
  expect(writerOf(new Map(Object.entries(summary)))).toBe(writer);
});
