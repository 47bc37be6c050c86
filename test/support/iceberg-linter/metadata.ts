/** Rules about the metadata file itself, on its raw JSON (checklist §1, §3, §9, §10). */
import { asLong, parseJson64, type Json64 } from '../../../src/core/json64.ts';
import { type Findings, show } from './findings.ts';

export type Document = { readonly [key: string]: Json64 };

const OPERATIONS: ReadonlySet<unknown> = new Set(['append', 'replace', 'overwrite', 'delete']);
const MINUTE_MS = 60_000;
const MAX_FIELD_ID = 2_147_483_447;

const REQUIRED = [
  'format-version',
  'table-uuid',
  'location',
  'last-sequence-number',
  'last-updated-ms',
  'last-column-id',
  'schemas',
  'current-schema-id',
  'partition-specs',
  'default-spec-id',
  'last-partition-id',
  'sort-orders',
  'default-sort-order-id',
];

export function lintMetadata(text: string, uri: string, findings: Findings): Document {
  const document = parseJson64(text, uri) as Document;
  for (const key of REQUIRED) findings.check(document[key] !== undefined, '1.1', uri, `${key} is missing`);
  findings.check(document['format-version'] === 2, '1.1', uri, `format-version is ${show(document['format-version'])}`);
  for (const key of ['schema', 'partition-spec'])
    findings.check(document[key] === undefined, '1.1', uri, `${key} belongs to version 1`);
  const uuid = document['table-uuid'];
  findings.check(
    typeof uuid === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid),
    '1.1',
    uri,
    `table-uuid is ${show(uuid)}`,
  );
  const location = document['location'];
  findings.check(typeof location === 'string' && !location.endsWith('/'), '1.4', uri, 'location ends with a slash');
  findings.check(
    /\/\d{5,}-[0-9a-f-]{36}(\.gz)?\.metadata\.json$/.test(uri),
    '1.10',
    uri,
    'the name is not <V>-<uuid>.metadata.json',
  );
  lintSchemas(document, uri, findings);
  lintSpecs(document, uri, findings);
  lintSnapshots(document, uri, findings);
  lintRefs(document, uri, findings);
  lintLogs(document, uri, findings);
  return document;
}

export const documents = (json: Json64 | undefined): readonly Document[] =>
  Array.isArray(json) ? (json as readonly Document[]) : [];

function lintSchemas(document: Document, uri: string, findings: Findings): void {
  const schemas = documents(document['schemas']);
  findings.check(
    schemas.some((schema) => schema['schema-id'] === document['current-schema-id']),
    '1.1',
    uri,
    'the current schema is missing',
  );
  const last = Number(document['last-column-id']);
  for (const schema of schemas) {
    const where = `${uri}: schema ${show(schema['schema-id'])}`;
    const ids = fieldIds(schema);
    for (const id of ids) {
      findings.check(id >= 1 && id <= MAX_FIELD_ID, '1.13', where, `field id ${id}`);
      findings.check(id <= last, '1.14', where, `field id ${id} is above last-column-id ${last}`);
    }
    findings.check(new Set(ids).size === ids.length, '1.13', where, 'a field id is used twice');
  }
}

/** All ids below a schema, nested ones included. */
function fieldIds(node: Json64 | undefined): readonly number[] {
  if (Array.isArray(node)) return (node as readonly Json64[]).flatMap(fieldIds);
  if (node === null || typeof node !== 'object') return [];
  return Object.entries(node).flatMap(([key, value]) =>
    ['id', 'element-id', 'key-id', 'value-id'].includes(key)
      ? [Number(value)]
      : key === 'identifier-field-ids'
        ? []
        : fieldIds(value),
  );
}

function lintSpecs(document: Document, uri: string, findings: Findings): void {
  const specs = documents(document['partition-specs']);
  findings.check(
    specs.some((spec) => spec['spec-id'] === document['default-spec-id']),
    '1.5',
    uri,
    'the default spec is missing',
  );
  findings.check(
    documents(document['sort-orders']).some((order) => order['order-id'] === document['default-sort-order-id']),
    '1.5',
    uri,
    'the default sort order is missing',
  );
  for (const order of documents(document['sort-orders']))
    findings.check(
      (order['order-id'] === 0) === (documents(order['fields']).length === 0),
      '1.5',
      uri,
      'order 0, and only it, is unsorted',
    );
  const last = Number(document['last-partition-id']);
  findings.check(last >= 999, '1.5', uri, `last-partition-id is ${last}`);
  for (const spec of specs)
    for (const field of documents(spec['fields'])) {
      const id = Number(field['field-id']);
      findings.check(id >= 1000 && id <= last, '3.2', uri, `partition field id ${id} is outside 1000 to ${last}`);
      findings.check(field['source-ids'] === undefined, '3.1', uri, 'source-ids belongs to version 3');
    }
}

function lintSnapshots(document: Document, uri: string, findings: Findings): void {
  const last = asLong(document['last-sequence-number'] ?? 0, 'last-sequence-number');
  const snapshots = documents(document['snapshots']);
  const schemaIds = new Set(documents(document['schemas']).map((schema) => schema['schema-id']));
  const byId = new Map(snapshots.map((snapshot) => [show(snapshot['snapshot-id']), snapshot]));
  findings.check(byId.size === snapshots.length, '9.1', uri, 'a snapshot id is used twice');
  for (const snapshot of snapshots) {
    const where = `${uri}: snapshot ${show(snapshot['snapshot-id'])}`;
    for (const key of ['snapshot-id', 'sequence-number', 'timestamp-ms', 'manifest-list', 'summary'])
      findings.check(snapshot[key] !== undefined, '9.1', where, `${key} is missing`);
    findings.check(
      schemaIds.has(snapshot['schema-id'] ?? null),
      '1.12',
      where,
      `schema-id is ${show(snapshot['schema-id'])}`,
    );
    const sequence = asLong(snapshot['sequence-number'] ?? 0, 'sequence-number');
    findings.check(sequence <= last, '1.7', where, `sequence-number ${sequence} is above the table's ${last}`);
    const summary = (snapshot['summary'] ?? {}) as Document;
    findings.check(OPERATIONS.has(summary['operation']), '1.11', where, `operation is ${show(summary['operation'])}`);
    findings.check(
      Object.values(summary).every((value) => typeof value === 'string'),
      '9.3',
      where,
      'a summary value is not text',
    );
    const parent = byId.get(show(snapshot['parent-snapshot-id']));
    if (parent === undefined) continue;
    findings.check(
      asLong(parent['sequence-number'] ?? 0, 'parent') < sequence,
      '9.2',
      where,
      "sequence-number is not above its parent's",
    );
    findings.check(
      Number(parent['timestamp-ms']) <= Number(snapshot['timestamp-ms']),
      '1.8',
      where,
      'is older than its parent',
    );
    lintTotals(summary, (parent['summary'] ?? {}) as Document, where, findings);
  }
}

/** Checklist 9.4: each total is the parent's plus what was added less what was taken away. */
function lintTotals(summary: Document, before: Document, where: string, findings: Findings): void {
  for (const [total, added, removed] of [
    ['total-records', 'added-records', 'deleted-records'],
    ['total-data-files', 'added-data-files', 'deleted-data-files'],
    ['total-files-size', 'added-files-size', 'removed-files-size'],
  ] as const) {
    if (summary[total] === undefined || before[total] === undefined) continue;
    const number = (json: Json64 | undefined): bigint => BigInt(typeof json === 'string' ? json : '0');
    const expected = number(before[total]) + number(summary[added]) - number(summary[removed]);
    findings.check(
      number(summary[total]) === expected,
      '9.4',
      where,
      `${total} is ${show(summary[total])}, expected ${expected}`,
    );
  }
}

function lintRefs(document: Document, uri: string, findings: Findings): void {
  const refs = (document['refs'] ?? {}) as { readonly [name: string]: Document };
  const ids = new Set(documents(document['snapshots']).map((snapshot) => show(snapshot['snapshot-id'])));
  const current = document['current-snapshot-id'];
  const none = current === undefined || current === null || current === -1;
  findings.check(
    none ? refs['main'] === undefined : show(refs['main']?.['snapshot-id']) === show(current),
    '1.6',
    uri,
    `main is not at the current snapshot ${show(current)}`,
  );
  for (const [name, ref] of Object.entries(refs)) {
    findings.check(ids.has(show(ref['snapshot-id'])), '1.6', uri, `ref ${name} names an absent snapshot`);
    findings.check(
      ref['type'] === 'branch' || ref['type'] === 'tag',
      '10.1',
      uri,
      `ref ${name} has type ${show(ref['type'])}`,
    );
  }
}

function lintLogs(document: Document, uri: string, findings: Findings): void {
  const updated = Number(document['last-updated-ms']);
  for (const key of ['snapshot-log', 'metadata-log']) {
    const times = documents(document[key]).map((entry) => Number(entry['timestamp-ms']));
    for (const [at, time] of times.entries())
      findings.check(time >= (times[at - 1] ?? 0) - MINUTE_MS, '1.8', uri, `${key} goes back at entry ${at}`);
    findings.check(
      updated >= (times.at(-1) ?? 0) - MINUTE_MS,
      '1.8',
      uri,
      `last-updated-ms is before the end of ${key}`,
    );
  }
  const log = documents(document['snapshot-log']);
  const current = document['current-snapshot-id'];
  if (current !== undefined && current !== null && current !== -1)
    findings.check(
      show(log.at(-1)?.['snapshot-id']) === show(current),
      '1.9',
      uri,
      'snapshot-log does not end with the current snapshot',
    );
  const files = documents(document['metadata-log']);
  const max = Number(((document['properties'] ?? {}) as Document)['write.metadata.previous-versions-max'] ?? 100);
  findings.check(files.length <= max, '1.9', uri, `metadata-log has ${files.length} entries, above ${max}`);
  findings.check(
    !files.some((entry) => entry['metadata-file'] === uri),
    '1.9',
    uri,
    'metadata-log names the file itself',
  );
}
