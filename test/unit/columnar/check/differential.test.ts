/**
 * The byte walkers, the slow path and DuckDB agree: on random schemas and records, right, wrong and mutated byte by byte.
 * A failure names its seed; `CHECK_SEED=… CHECK_CASES=…` runs it again, alone or longer.
 */
import { isUtf8 } from 'node:buffer';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { canonicalText } from '../../../../src/columnar/check/canonical-text.ts';
import { compileChecker } from '../../../../src/columnar/check/compile-checker.ts';
import { readRecord } from '../../../../src/columnar/check/explain.ts';
import { type CheckLimits, defaultCheckLimits } from '../../../../src/columnar/check/limits.ts';
import { parseJson } from '../../../../src/columnar/check/parse-json.ts';
import type { Value } from '../../../../src/columnar/check/read-result.ts';
import type { RecordChecker } from '../../../../src/contracts/record-checker.ts';
import type { Schema } from '../../../../src/record/types.ts';
import { Chance } from '../../../support/chance.ts';
import { duckdbRows } from './duckdb-rows.ts';
import { mutated, randomRecord } from './random-record.ts';
import { randomSchema } from './random-schema.ts';

const CASES = Number(process.env['CHECK_CASES'] ?? 120_000);
const FIRST_SEED = Number(process.env['CHECK_SEED'] ?? 1);
const CASES_PER_SCHEMA = 500;

let directory = '';
let duckdb: DuckDBConnection;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-check-'));
  duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  await duckdb.run(`SET TimeZone = 'America/New_York'`);
});

afterAll(async () => {
  duckdb.closeSync();
  await rm(directory, { recursive: true });
});

it(`agrees on ${CASES} records, and DuckDB reads what was meant`, { timeout: 600_000 }, async () => {
  let accepted = 0;
  let cases = 0;
  for (let seed = FIRST_SEED; cases < CASES; seed += 1) {
    const chance = new Chance(seed);
    const schema = randomSchema(chance);
    const options = { ignoreUnknownFields: chance.oneIn(2) };
    const limits: CheckLimits = chance.oneIn(4)
      ? { ...defaultCheckLimits, admittedTextBytes: 1 + chance.below(24) }
      : defaultCheckLimits;
    const checker = compileChecker(schema, limits);
    const good: { readonly line: Buffer; readonly text: string }[] = [];
    const lines: { readonly line: Buffer; readonly fits: boolean }[] = [];
    for (let index = 0; index < CASES_PER_SCHEMA; index += 1) {
      const line = randomLine(chance, schema);
      cases += 1;
      const text = agreedText(checker, schema, limits, line, options, seed);
      lines.push({ line, fits: text !== undefined });
      if (text !== undefined) good.push({ line, text });
    }
    expectDivided(checker, lines, options, seed);
    accepted += good.length;
    expectArrayToBeLines(checker, good, options, seed);
    await expectDuckdbToRead(checker, schema, good, options, seed);
  }
  // A generator that only makes nonsense, or only what is right, would prove nothing.
  expect(accepted / cases).toBeGreaterThan(0.3);
  expect(accepted / cases).toBeLessThan(0.8);
});

function randomLine(chance: Chance, schema: Schema): Buffer {
  const line = Buffer.from(randomRecord(chance, schema.fields));
  return chance.oneIn(4) ? mutated(chance, line) : line;
}

/** The canonical text of an accepted record; undefined for a refused one. */
function agreedText(
  checker: RecordChecker,
  schema: Schema,
  limits: CheckLimits,
  line: Buffer,
  options: { readonly ignoreUnknownFields: boolean },
  seed: number,
): string | undefined {
  const where = `seed=${seed} line=${JSON.stringify(line.toString('latin1'))} schema=${JSON.stringify(schema)}`;
  const slow = readRecord(schema, line, options.ignoreUnknownFields, limits);
  // Where the slow path accepts and the walkers do not, `check` itself throws.
  const fast = check(checker, line, options, where);
  if (fast.count === 0) return undefined;
  if (fast.kind !== (slow.kind === 'value' ? 'accepted' : 'refused')) throw new Error(`walkers: ${fast.kind} ${where}`);
  expectSameSyntaxAsEngine(line, where);
  return slow.kind === 'value' ? rowText(schema, slow.value) : undefined;
}

function check(
  checker: RecordChecker,
  line: Buffer,
  options: { readonly ignoreUnknownFields: boolean },
  where: string,
): ReturnType<RecordChecker['check']> {
  try {
    return checker.check(line, 'ndjson', options);
  } catch (error) {
    throw new Error(where, { cause: error });
  }
}

/** JavaScript's own parser is as strict, but for duplicate keys, lone surrogates and depth. */
function expectSameSyntaxAsEngine(line: Buffer, where: string): void {
  if (!isUtf8(line)) return;
  const text = line.toString('utf8');
  const ours = parseJson(text, defaultCheckLimits.maxDepth);
  let engine = true;
  try {
    JSON.parse(text);
  } catch {
    engine = false;
  }
  const excused = ours.kind === 'fault' && (ours.code !== 'invalid_json' || ours.detail.startsWith('a lone surrogate'));
  if (!excused && engine !== (ours.kind !== 'fault')) throw new Error(`syntax: JSON.parse says ${engine} ${where}`);
}

/** The same records as a JSON array are the same lines, but for white space around them. */
function expectArrayToBeLines(
  checker: RecordChecker,
  good: readonly { readonly line: Buffer }[],
  options: { readonly ignoreUnknownFields: boolean },
  seed: number,
): void {
  const comma = Buffer.from(',\n');
  const elements = good.flatMap(({ line }, index) => (index === 0 ? [line] : [comma, line]));
  const outcome = checker.check(Buffer.concat([Buffer.from('['), ...elements, Buffer.from(']')]), 'json', options);
  if (outcome.kind === 'refused') throw new Error(`array: ${JSON.stringify(outcome.refusals[0])} seed=${seed}`);
  const lines = Buffer.from(outcome.lines).toString().split('\n').slice(0, -1);
  expect(lines.map(trimmed), `array, seed=${seed}`).toEqual(good.map(({ line }) => trimmed(line.toString())));
}

/** A body of right and wrong lines is parted into exactly those that are right and wrong alone, bytes and line numbers kept; as an array, too. */
function expectDivided(
  checker: RecordChecker,
  all: readonly { readonly line: Buffer; readonly fits: boolean }[],
  options: { readonly ignoreUnknownFields: boolean },
  seed: number,
): void {
  const single = all.filter(({ line }) => !line.includes('\n') && trimmed(line.toString('latin1')) !== '');
  const array = single.filter(({ line }) => isJson(line));
  for (const format of ['ndjson', 'json'] as const) {
    const lines = format === 'ndjson' ? single : array;
    const [open, between, close] = format === 'ndjson' ? ['', '\n', ''] : ['[', '\n,', ']'];
    const body = Buffer.concat([
      Buffer.from(open),
      ...lines.flatMap(({ line }, index) => (index === 0 ? [line] : [Buffer.from(between), line])),
      Buffer.from(close),
    ]);
    const wrong: string[] = [];
    const steps = checker.divideInSteps(body, format, options, ({ record, line }, original) =>
      wrong.push(`${record} ${line} ${Buffer.from(original).toString('latin1')}`),
    );
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    if (step.value.kind === 'refused') throw new Error(`divide: ${JSON.stringify(step.value)} seed=${seed}`);
    const right = Buffer.from(step.value.lines).toString('latin1').split('\n').slice(0, -1);
    expect(right.map(trimmed), `fits, ${format}, seed=${seed}`).toEqual(
      lines.filter(({ fits }) => fits).map(({ line }) => trimmed(line.toString('latin1'))),
    );
    expect(wrong, `fits not, ${format}, seed=${seed}`).toEqual(
      lines.flatMap(({ line, fits }, index) =>
        fits ? [] : [`${index + 1} ${index + 1} ${trimmed(line.toString('latin1'))}`],
      ),
    );
    expect(step.value).toMatchObject({ count: right.length, refused: wrong.length });
  }
}

function isJson(line: Buffer): boolean {
  try {
    JSON.parse(line.toString('utf8'));
    return isUtf8(line);
  } catch {
    return false;
  }
}

const trimmed = (line: string): string => line.replaceAll(/^[ \t\r]+|[ \t\r]+$/g, '');

const rowText = (schema: Schema, value: Value): string =>
  canonicalText({ kind: 'struct', fields: schema.fields }, value);

async function expectDuckdbToRead(
  checker: RecordChecker,
  schema: Schema,
  good: readonly { readonly line: Buffer; readonly text: string }[],
  options: { readonly ignoreUnknownFields: boolean },
  seed: number,
): Promise<void> {
  const lines = Buffer.concat(good.flatMap(({ line }) => [line, Buffer.from('\n')]));
  const canonical = checker.canonical(lines, options);
  expect(canonical.refused, `seed=${seed}`).toEqual([]);
  expect(canonical.count).toBe(good.length);
  const again = checker.canonical(canonical.lines, options);
  expect(again.lines, `canonical lines pass through unchanged, seed=${seed}`).toBe(canonical.lines);
  let rows: readonly (readonly Value[])[];
  try {
    rows = await duckdbRows(duckdb, schema, canonical.lines, join(directory, 'lines.json'));
  } catch (error) {
    throw new Error(`seed=${seed} schema=${JSON.stringify(schema)}`, { cause: error });
  }
  expect(rows.length).toBe(good.length);
  for (const [index, row] of rows.entries()) {
    const { line, text } = good[index] as (typeof good)[number];
    const read = rowText(schema, row);
    if (read !== text) throw new Error(`seed=${seed} line=${line.toString()} meant=${text} DuckDB=${read}`);
  }
}
