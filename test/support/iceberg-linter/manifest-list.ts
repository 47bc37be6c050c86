/** Rules about a manifest list and its lines (checklist §8), and the manifests they name. */
import type { TableSource } from './source.ts';
import { readAvro } from './avro.ts';
import { lintListSchema } from './avro-schema.ts';
import { show } from './findings.ts';
import type { Entry, ManifestLine } from './manifest.ts';
import { lintManifest } from './manifest.ts';
import type { Document } from './metadata.ts';

/** Live entries of the snapshot. */
export async function lintManifestList(source: TableSource, snapshot: Document): Promise<readonly Entry[]> {
  const { findings } = source;
  const where = typeof snapshot['manifest-list'] === 'string' ? snapshot['manifest-list'] : 'nowhere';
  const bytes = await source.read(where, '8.1');
  if (bytes === undefined) return [];
  const file = await readAvro(bytes);
  lintListSchema(file.header.get('avro.schema') ?? '', where, findings);
  const expected = {
    'snapshot-id': show(snapshot['snapshot-id']),
    'parent-snapshot-id': show(snapshot['parent-snapshot-id'] ?? null),
    'sequence-number': show(snapshot['sequence-number']),
    'format-version': '2',
  };
  for (const [key, value] of Object.entries(expected))
    findings.check(
      file.header.get(key) === value,
      '8.1',
      where,
      `header ${key} is ${show(file.header.get(key))}, not ${value}`,
    );
  findings.check(
    ['null', 'deflate'].includes(file.header.get('avro.codec') ?? 'null'),
    '7.13',
    where,
    `codec ${show(file.header.get('avro.codec'))}`,
  );
  const live: Entry[] = [];
  for (const record of file.records) {
    const line = record as unknown as ManifestLine;
    const at = `${where}: ${line.manifest_path}`;
    const sequence = BigInt(show(snapshot['sequence-number']));
    findings.check(
      line.sequence_number <= sequence,
      '8.2',
      at,
      `sequence_number ${line.sequence_number} is above the snapshot's`,
    );
    findings.check(
      line.min_sequence_number <= line.sequence_number,
      '8.4',
      at,
      'min_sequence_number is above sequence_number',
    );
    const ours = show(line.added_snapshot_id) === show(snapshot['snapshot-id']);
    findings.check(
      !ours || line.sequence_number === sequence,
      '8.2',
      at,
      'a manifest of this commit has another sequence number',
    );
    const holdsLive = line.added_files_count + line.existing_files_count > 0;
    findings.check(holdsLive || ours, '8.7', at, 'a manifest without live files was kept');
    live.push(...(await lintManifest(source, line)));
  }
  const paths = live.map((entry) => entry.path);
  findings.check(new Set(paths).size === paths.length, '7.11', where, 'a path is live twice');
  lintTotals(source, snapshot, live, where);
  return live;
}

/** Checklist 9.4 against the truth: what the manifests hold. */
function lintTotals({ findings }: TableSource, snapshot: Document, live: readonly Entry[], where: string): void {
  const data = live.filter((entry) => entry.content === 0);
  const sum = (files: readonly Entry[], of: (entry: Entry) => bigint): bigint =>
    files.reduce((total, entry) => total + of(entry), 0n);
  const summary = (snapshot['summary'] ?? {}) as Document;
  for (const [key, truth] of [
    ['total-data-files', BigInt(data.length)],
    ['total-records', sum(data, (entry) => entry.recordCount)],
    // Of delete files too, as Java counts.
    ['total-files-size', sum(live, (entry) => entry.fileSize)],
  ] as const)
    findings.check(
      summary[key] === undefined || summary[key] === truth.toString(),
      '9.4',
      where,
      `${key} is ${show(summary[key])}, but the manifests hold ${truth}`,
    );
}
