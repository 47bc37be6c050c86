/** The systemd unit: valid to systemd itself, hardened, and in step with what the daemon promises of signals and exit codes. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDuration } from '../../src/config/units.ts';
import { parseSettings } from '../../src/config/load.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const UNIT = new URL('../../deploy/systemd/sluice.service', import.meta.url);
/** systemd's figure from 0 (locked) to 10 (open), in tenths. */
const MOST_EXPOSED = 20;

let folder: TemporaryFolder;
let unit: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  unit = await readFile(UNIT, 'utf8');
});
afterAll(() => folder.remove());

const analyze = (...args: readonly string[]) =>
  promisify(execFile)(process.env['SLUICE_SYSTEMD_ANALYZE'] ?? 'systemd-analyze', args);
const values = (key: string): string[] =>
  unit.split('\n').flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));

test('systemd finds no fault in it', async () => {
  const file = join(folder.path, 'sluice.service');
  // Whether the program is installed is the machine's affair.
  await writeFile(file, unit.replaceAll('/usr/bin/sluice', '/bin/true'));
  await expect(analyze('verify', file)).resolves.toMatchObject({ stderr: '' });
});

test('it leaves little open', async () => {
  await analyze('security', '--offline=true', `--threshold=${MOST_EXPOSED}`, UNIT.pathname);
  expect(values('MemoryDenyWriteExecute')).toEqual([]);
});

test('a start and a reload check the file first', () => {
  expect(values('ExecStartPre')).toEqual(['/usr/bin/sluice validate --no-environment']);
  expect(values('ExecReload')).toEqual(['/usr/bin/sluice validate --no-environment', '/bin/kill -HUP $MAINPID']);
});

test('it is killed no earlier than the longest grace of the examples, and not started again with a wrong configuration', async () => {
  const text = await readFile(new URL('../../config/production.yaml', import.meta.url), 'utf8');
  const example = parseSettings(text, 'production.yaml', { env: {}, readFile: () => '', directory: '/' });
  const grace = example.kind === 'valid' ? example.settings.server.shutdownGraceMs : Infinity;
  expect(parseDuration(values('TimeoutStopSec')[0])).toBeGreaterThan(grace);
  expect(values('RestartPreventExitStatus')).toEqual(['78']);
});
