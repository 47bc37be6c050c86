/**
 * `npm run bench check`: records a second through the record checker, one thread, on the events of `events.ts`.
 * Rates are by the thread's own CPU time, best and median of several passes, since the machine may be shared.
 */
import { compileChecker } from '../../src/columnar/check/compile-checker.ts';
import type { RecordChecker } from '../../src/contracts/record-checker.ts';
import type { Field, PrimitiveType } from '../../src/record/types.ts';
import { eventFields, eventLine, seeded } from './events.ts';
import { quantile } from './measure.ts';

const RECORDS = 200_000;
const PASSES = 9;
const STRICT = { ignoreUnknownFields: false };

export function run(): Promise<void> {
  const next = seeded(7);
  const lines = Array.from({ length: RECORDS }, (_, index) => eventLine(next, index));
  const events = compileChecker({ schemaId: 0, fields: eventSchema('double') });
  const priced = compileChecker({ schemaId: 0, fields: eventSchema('decimal') });
  report('events, bodies of 1,000', lines, 1000, check(events));
  report('events, bodies of 10', lines, 10, check(events));
  report('events, spaces after , and :', lines.map(spaced), 1000, check(events));
  report('events as a JSON array', lines, 1000, (body) => checkJson(events, body));
  report('canonical, nothing to rewrite', lines, 1000, canonical(events));
  report('canonical, price as decimal(38,15)', lines, 1000, canonical(priced));
  report('JSON.parse alone, for orientation', lines, 1000, (body) => {
    for (const line of body.toString('utf8').split('\n')) if (line !== '') JSON.parse(line);
  });
  return Promise.resolve();
}

function eventSchema(price: 'double' | 'decimal'): readonly Field[] {
  const priceType: PrimitiveType =
    price === 'double' ? { kind: 'double' } : { kind: 'decimal', precision: 38, scale: 15 };
  return eventFields.map(({ name, type, required }, index) => ({
    id: index + 1,
    name,
    type: name === 'price' ? priceType : { kind: type },
    required,
  }));
}

const spaced = (line: string): string => line.replaceAll('":', '": ').replaceAll(',"', ', "');

const check =
  (checker: RecordChecker) =>
  (body: Uint8Array): void => {
    if (checker.check(body, 'ndjson', STRICT).kind !== 'accepted') throw new Error('a benchmark event was refused');
  };

function checkJson(checker: RecordChecker, body: Buffer): void {
  // Lines become elements in place: every line end but the last turns into a comma.
  const array = Buffer.concat([Buffer.from('['), body.subarray(0, -1), Buffer.from(']')]);
  for (let at = array.indexOf(10); at >= 0; at = array.indexOf(10, at)) array[at] = 0x2c;
  if (checker.check(array, 'json', STRICT).kind !== 'accepted') throw new Error('a benchmark event was refused');
}

const canonical =
  (checker: RecordChecker) =>
  (body: Uint8Array): void => {
    if (checker.canonical(body, STRICT).refused.length > 0) throw new Error('a benchmark event was refused');
  };

function report(name: string, lines: readonly string[], perBody: number, pass: (body: Buffer) => void): void {
  const bodies: Buffer[] = [];
  for (let at = 0; at < lines.length; at += perBody)
    bodies.push(Buffer.from(`${lines.slice(at, at + perBody).join('\n')}\n`));
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
  const seconds: number[] = [];
  for (let index = 0; index < PASSES; index += 1) {
    const from = process.threadCpuUsage();
    for (const body of bodies) pass(body);
    const { user, system } = process.threadCpuUsage(from);
    seconds.push((user + system) / 1e6);
  }
  const best = Math.min(...seconds);
  const rate = (time: number): string => `${(lines.length / time / 1e6).toFixed(2)} M records/s`;
  process.stdout.write(
    `${name.padEnd(36)} best ${rate(best)}, median ${rate(quantile(seconds, 0.5))}, ` +
      `${((best / bytes) * 1e9).toFixed(2)} ns/byte, ${(bytes / lines.length).toFixed(0)} bytes/record\n`,
  );
}
