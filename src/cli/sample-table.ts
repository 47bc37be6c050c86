/** The sample of `sluice dev`: one table and records for it, so that the first query has an answer. */
import type { TableDefinition } from '../contracts/tables.ts';
import type { Runtime } from '../core/runtime.ts';
import { uuidV7 } from '../core/runtime.ts';
import { SluiceError } from '../core/errors.ts';
import { parseTableInput } from '../record/table-input.ts';

export const SAMPLE_NAME = 'demo.events';
const TYPES = ['view', 'click', 'cart', 'purchase'];
const COUNTRIES = ['DE', 'FR', 'JP', 'BR', 'US', 'IN'];

export function sampleTable(): TableDefinition {
  const parsed = parseTableInput({
    schema: [
      { name: 'id', type: 'uuid', required: true },
      { name: 'ts', type: 'timestamptz', required: true },
      { name: 'type', type: 'string', required: true },
      { name: 'country', type: 'string' },
      { name: 'amount', type: 'decimal(9,2)' },
    ],
    partition_by: ['day(ts)'],
  });
  if (parsed.kind === 'refused') throw new SluiceError('internal', 'the sample table is not valid');
  const { fields, partition, sortOrder } = parsed.shape;
  return { name: { namespace: ['demo'], name: 'events' }, fields, partition, sortOrder, properties: new Map() };
}

/** NDJSON of the last hour. */
export function sampleRecords(count: number, runtime: Runtime): Uint8Array {
  const pick = (words: readonly string[]): string => words[Math.floor(runtime.random.float() * words.length)] ?? '';
  const lines = Array.from({ length: count }, () => {
    const type = pick(TYPES);
    return JSON.stringify({
      id: uuidV7(runtime),
      ts: new Date(runtime.clock.now() - Math.floor(runtime.random.float() * 3_600_000)).toISOString(),
      type,
      country: pick(COUNTRIES),
      amount: type === 'purchase' ? (runtime.random.float() * 100).toFixed(2) : null,
    });
  });
  return Buffer.from(`${lines.join('\n')}\n`);
}
