/**
 * Java's JdbcCatalog and PyIceberg's SqlCatalog on our catalog file, while our daemon goes on ingesting into the table they append to.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { javaCatalog, pyicebergCatalog, type ForeignCatalog } from './catalogs.ts';
import { compareTable } from './compare.ts';
import type { CanonicalRow, ReaderEngine, StructType } from './harness.ts';
import { RefusalLedger } from './known-refusals.ts';
import { closeReaders, openReaders } from './readers.ts';
import { TestDaemon } from './support-daemon.ts';
import { lint } from './support-lint.ts';

const YAML = 'checkpoint: { interval: 300ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';
const TABLE = 'shared.orders';
const COLUMNS = { region: 'string', amount: 'decimal(9,2)', at: 'timestamptz' };
const PROGRESS = 'sluice.progress.sluice';
const ROUNDS = 4;

const rowOf = (id: number): CanonicalRow => ({
  id: String(id),
  region: ['north', 'süd', null][id % 3] ?? null,
  amount: `${id % 1000}.${String(id % 100).padStart(2, '0')}`,
  at: `2026-11-24T10:${String(id % 60).padStart(2, '0')}:00.000001+00:00`,
});
const rowsFrom = (first: number, count: number): CanonicalRow[] =>
  Array.from({ length: count }, (_, i) => rowOf(first + i));

describe('a catalog file shared with Java and PyIceberg', () => {
  const java = javaCatalog();
  const pyiceberg = pyicebergCatalog();
  let engines: ReaderEngine[] = [];
  let daemon: TestDaemon;
  let schema: StructType;
  /** Every row that was acknowledged, ours and theirs. */
  const rows: CanonicalRow[] = [];
  let ourNext = 1;
  let theirNext = 1_000_000;

  beforeAll(async () => {
    daemon = await TestDaemon.start(YAML);
    schema = await daemon.create({ name: TABLE, columns: COLUMNS, partitionBy: ['region'] });
    await Promise.all([java.open(), pyiceberg.open()]);
    engines = await openReaders();
  });
  afterAll(async () => {
    await closeReaders(engines);
    await Promise.all([java.close(), pyiceberg.close()]);
    await daemon.stop();
  });

  const sendOurs = async (): Promise<string> => {
    const batch = rowsFrom(ourNext, 10);
    ourNext += batch.length;
    const position = await daemon.send(TABLE, schema, batch);
    rows.push(...batch);
    return position;
  };
  const appendTheirs = async (catalog: ForeignCatalog, fast: boolean): Promise<string> => {
    const batch = rowsFrom(theirNext, 7);
    theirNext += batch.length;
    const metadata = await appendOnceWon(catalog, batch, fast);
    rows.push(...batch);
    return metadata;
  };
  const appendOnceWon = async (
    catalog: ForeignCatalog,
    batch: readonly CanonicalRow[],
    fast: boolean,
  ): Promise<string> => {
    for (;;) {
      try {
        return await catalog.append(daemon.catalog, TABLE, batch, fast);
      } catch (error) {
        // PyIceberg does not try again after a lost race; what it reports as lost is not in the table.
        if (!String(error).includes('CommitFailedException')) throw error;
      }
    }
  };

  it('is listed and read by both', async () => {
    const position = await sendOurs();
    await daemon.committed(TABLE, position);
    for (const catalog of [java, pyiceberg]) {
      expect(await catalog.tables(daemon.catalog)).toContain(TABLE);
      expect(byId(await catalog.rows(daemon.catalog, TABLE))).toEqual(byId(rows));
    }
  });

  it('takes their appends between our commits, and keeps our progress through each', async () => {
    const foreign = { isAtWork: true };
    const ingesting = (async () => {
      while (foreign.isAtWork) {
        await sendOurs();
        await sleep(20);
      }
    })();
    const missing: string[] = [];
    try {
      for (let round = 0; round < ROUNDS; round++)
        for (const [catalog, fast] of [
          [java, true],
          [java, false],
          [pyiceberg, false],
        ] as const) {
          const metadata = await appendTheirs(catalog, fast);
          if (!(PROGRESS in (await propertiesOf(metadata)))) missing.push(metadata);
          await daemon.committed(TABLE, await sendOurs());
        }
    } finally {
      foreign.isAtWork = false;
      await ingesting;
    }
    expect(missing).toEqual([]);
    const isOurs = (await daemon.snapshots(TABLE))
      .toSorted((a, b) => Number(BigInt(a.sequence_number) - BigInt(b.sequence_number)))
      .map(({ summary }) => 'sluice.token' in summary);
    expect(isOurs.filter((ours) => !ours)).toHaveLength(3 * ROUNDS);
    const between = isOurs.filter((ours, i) => !ours && isOurs[i - 1] === true && isOurs[i + 1] === true);
    expect(between.length).toBeGreaterThan(0);
  });

  it('has every row once after a crash whose last commit is a foreign one', async () => {
    await daemon.flush(TABLE);
    await sendOurs();
    await appendTheirs(java, false);
    await daemon.crash();
    await sendOurs();
    await daemon.flush(TABLE);

    const { metadata } = await daemon.describe(TABLE);
    const partition = [['region', 'identity']] as const;
    const differences = await compareTable(
      engines,
      { metadata, fields: schema.fields, rows, key: 'id', partition, asks: (leaf) => leaf.path === 'region' },
      new RefusalLedger(),
    );
    expect(differences).toEqual([]);
    for (const catalog of [java, pyiceberg])
      expect(byId(await catalog.rows(daemon.catalog, TABLE))).toEqual(byId(rows));
    const { [PROGRESS]: progress = '' } = await propertiesOf(metadata);
    const latest = (await daemon.snapshots(TABLE)).find(({ summary }) =>
      progress.includes(`"${summary['sluice.token']}"`),
    );
    expect(latest?.summary['sluice.token']).toBeDefined();
    // Manifests of Java and PyIceberg lack the schema's id in their headers; ours do not.
    const findings = (await lint(metadata, daemon.catalog)).filter(
      (one) => one.problem !== 'header schema-id is nothing',
    );
    expect(findings).toEqual([]);
  });
});

/** Properties of a metadata file; their values are text, so that no 64-bit number is lost. */
async function propertiesOf(metadata: string): Promise<Readonly<Record<string, string>>> {
  const path = metadata.startsWith('file:') ? fileURLToPath(metadata) : metadata;
  return (JSON.parse(await readFile(path, 'utf8')) as { properties: Record<string, string> }).properties;
}

function byId(rows: readonly CanonicalRow[]): CanonicalRow[] {
  return rows.toSorted((a, b) => Number(a['id']) - Number(b['id']));
}
