/**
 * Dead letters by SQL over the live files of their table. A row that is not `open` marks the earlier one of its id. Owns the statements;
 * one runs at a time, natively, in a small memory of its own.
 */
import type { DeadLetter, LetterFilter, LetterGroup, LetterPage, LetterReader } from '../../contracts/dead-letters.ts';
import type { QuerySource, QueryValue } from '../../contracts/query.ts';
import { laneId, offset, type TableName } from '../../core/ids.ts';
import type { LetterStatus } from '../../record/dead-letter-table.ts';
import { literal } from '../engine/sql-text.ts';
import { runQuery, tableReference } from './run-query.ts';

const MEMORY_BYTES = 128 * 1024 * 1024;
const MAX_GROUPS = 1_000;

export class SqlLetterReader implements LetterReader {
  readonly #source: QuerySource;
  #last: Promise<unknown> = Promise.resolve();

  constructor(source: QuerySource) {
    this.#source = source;
  }

  async groups(letters: TableName, filter: LetterFilter): Promise<readonly LetterGroup[]> {
    const rows = await this.#rows(
      `with ${lettersOf(letters)}
       select coalesce(code, '') as code, coalesce(pointer, '') as pointer, state, count(*) as letters,
         ${iso('min(received_at)')} as first_at, ${iso('max(received_at)')} as last_at, min(id) as sample
       from letter where ${conditionOf(filter)} group by all order by letters desc, code, pointer limit ${MAX_GROUPS}`,
    );
    return rows.map((row) => ({
      code: text(row['code']),
      pointer: text(row['pointer']),
      status: text(row['state']) as LetterStatus,
      letters: BigInt(text(row['letters'])),
      firstAt: text(row['first_at']),
      lastAt: text(row['last_at']),
      sample: text(row['sample']),
    }));
  }

  async page(
    letters: TableName,
    filter: LetterFilter,
    bounds: { readonly after?: string; readonly limit: number; readonly maxBytes: number },
  ): Promise<LetterPage> {
    const after = bounds.after === undefined ? '' : ` and id > ${literal(bounds.after)}`;
    // The row beyond the page says only that there is one.
    const rows = await this.#rows(
      `with ${lettersOf(letters)},
       page as (select * from letter where ${conditionOf(filter)}${after} order by id limit ${bounds.limit + 1})
       select * exclude (received_at, original), ${iso('received_at')} as received_at,
         to_base64(coalesce(original, ''::blob)) as original, count(*) over () as matched
       from page
       qualify coalesce(sum(octet_length(original)) over (order by id rows between unbounded preceding and 1 preceding), 0)
         <= ${bounds.maxBytes}
       order by id`,
    );
    const shown = rows.slice(0, bounds.limit).map(letterOf);
    const next = Number(text(rows[0]?.['matched'] ?? '0')) > shown.length ? shown.at(-1)?.id : undefined;
    return { letters: shown, ...(next === undefined ? {} : { next }) };
  }

  #rows(sql: string): Promise<readonly Readonly<Record<string, QueryValue>>[]> {
    const work = async () =>
      runQuery(this.#source, sql, { memoryBytes: MEMORY_BYTES }, async ({ columns, rows }) => {
        const read: Record<string, QueryValue>[] = [];
        for await (const row of rows)
          read.push(Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])));
        return read;
      });
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Each refused record once (clones of a log may each have put it here), with what was done about it as `state`. */
const lettersOf = (letters: TableName): string => `
  line as (select * from ${tableReference(letters)}),
  mark as (select id, any_value(status) as status from line where status <> 'open' group by id),
  letter as (select line.*, coalesce(mark.status, 'open') as state 
    from line left join mark using (id) where line.status = 'open'
    qualify row_number() over (partition by line.id order by line.received_at) = 1)`;

function conditionOf({ ids, code, batch, status }: LetterFilter): string {
  const conditions = [
    ...(ids === undefined ? [] : [ids.length === 0 ? 'false' : `id in (${ids.map(literal).join(', ')})`]),
    ...(code === undefined ? [] : [`code = ${literal(code)}`]),
    ...(batch === undefined ? [] : [`batch = ${literal(batch)}`]),
    ...(status === undefined ? [] : [`state = ${literal(status)}`]),
  ];
  return conditions.length === 0 ? 'true' : conditions.join(' and ');
}

const iso = (column: string): string => `strftime(${column} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')`;

const text = (value: QueryValue | undefined): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';

/** Absent for null. */
const member = <V>(key: string, value: QueryValue | undefined, as: (text: string) => V): Readonly<Record<string, V>> =>
  value === null || value === undefined ? {} : { [key]: as(text(value)) };

const same = (value: string): string => value;

function letterOf(row: Readonly<Record<string, QueryValue>>): DeadLetter {
  const { id, state, batch, received_at, cause, code, pointer, detail, lane, original } = row;
  return {
    id: text(id),
    status: text(state) as LetterStatus,
    batch: text(batch),
    receivedAt: text(received_at),
    cause: text(cause),
    code: text(code),
    pointer: text(pointer),
    ...member('expected', row['expected'], same),
    ...member('got', row['got'], same),
    detail: text(detail),
    ...member('record', row['record'], Number),
    ...member('line', row['line'], Number),
    ...member('requestId', row['request_id'], same),
    ...member('schemaId', row['schema_id'], Number),
    ignoreUnknownFields: row['ignore_unknown_fields'] === true,
    ...(typeof lane === 'string'
      ? { position: { lane: laneId(lane), offset: offset(BigInt(text(row['offset']))) } }
      : {}),
    original: Buffer.from(text(original), 'base64'),
  };
}
