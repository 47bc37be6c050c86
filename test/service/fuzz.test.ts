/** Random requests, damaged, cut and pipelined ones among them: no crash, no 500, documented answers, and the table is what they said. */
import { expect, test } from 'vitest';
import { fuzz } from '../fuzz/campaign.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('5,000 requests: every answer is in the API document, and true of the table', async () => {
  const folder = await temporaryFolder();
  const result = await fuzz({ directory: folder.path, seed: 7, requests: 5_000, connections: 8 });
  expect(result.violations).toEqual([]);
  expect(result.acceptedRecords).toBeGreaterThan(1_000);
  // The cases that make it worth its time were met.
  for (const status of ['200', '202', '400', '404', '405', '408', '415', '422', '431', 'none'])
    expect(result.statuses.get(status), status).toBeGreaterThan(0);
  await folder.remove();
});
