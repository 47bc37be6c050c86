/**
 * The engine limit, a process of its own: `node engine-limit.ts FILE OUT`: bulk `read_json` of the events, one zstd Parquet file.
 * Prints one JSON line. It is what no ingestion through this engine can beat on these cores.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import { duckdbColumns } from './events.ts';

const [file = '', out = ''] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
const connection = await instance.connect();
const before = process.cpuUsage();
const started = performance.now();
await connection.run(
  `COPY (SELECT * FROM read_json('${file}', columns = ${duckdbColumns}, format = 'newline_delimited')) TO '${out}' (FORMAT parquet, COMPRESSION zstd)`,
);
const seconds = (performance.now() - started) / 1000;
const used = process.cpuUsage(before);
const rows = (await connection.runAndReadAll(`SELECT count(*)::INTEGER FROM '${out}'`)).getRows()[0]?.[0];
process.stdout.write(`${JSON.stringify({ records: rows, seconds, cpuSeconds: (used.user + used.system) / 1e6 })}\n`);
