// Adds up the JSON reports of vitest and prints what a suite or the whole run counted.
//
//   node .ci/sum.mjs suite NAME REPORT EXIT_CODE   one line for a suite, appended to stdout
//   node .ci/sum.mjs total FILE                    the closing line over all suite lines in FILE
//
// A suite whose report is missing or counts no test, a skipped or a todo test, and a suite that
// failed outside its tests all count as failures: nothing may be green by not having run.
import { readFileSync } from 'node:fs';

const [mode, ...rest] = process.argv.slice(2);

if (mode === 'suite') {
  const [name, report, exitCode] = rest;
  const { passed, failed, skipped, missing } = count(report);
  let faults = failed + skipped + missing;
  const notes = [];
  if (skipped > 0) notes.push(`${skipped} skipped, counted as failed`);
  if (passed + failed + skipped === 0) notes.push('no test ran');
  if (exitCode !== '0' && faults === 0) {
    faults = 1;
    notes.push(`exit code ${exitCode} although no test failed`);
  }
  console.log(`${name}: ${passed} ${faults}${notes.length > 0 ? ` # ${notes.join('; ')}` : ''}`);
} else if (mode === 'total') {
  let [passed, failed] = [0, 0];
  for (const line of readFileSync(rest[0], 'utf8').split('\n')) {
    const found = /^\S+: (\d+) (\d+)/.exec(line);
    if (found !== null) {
      passed += Number(found[1]);
      failed += Number(found[2]);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
} else {
  console.error('usage: sum.mjs suite NAME REPORT EXIT_CODE | sum.mjs total FILE');
  process.exitCode = 2;
}

function count(report) {
  let json;
  try {
    json = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: 0, missing: 1 };
  }
  const passed = json.numPassedTests ?? 0;
  const skipped = (json.numPendingTests ?? 0) + (json.numTodoTests ?? 0);
  // A file that fails to load fails without a test of its own.
  const broken = (json.testResults ?? []).filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failed = (json.numFailedTests ?? 0) + broken.length;
  return { passed, failed, skipped, missing: passed + failed + skipped === 0 ? 1 : 0 };
}
