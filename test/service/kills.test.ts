/** A short crash campaign that needs nothing but Node: the long one, judged by a foreign engine, is the `crash` project. */
import { expect, test } from 'vitest';
import { runCampaign } from '../crash/campaign.ts';
import { tableColumn } from '../support/table-column.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('five kills under load: acknowledged exactly once, the rest at most once and whole', async () => {
  const folder = await temporaryFolder();
  const result = await runCampaign({
    setup: {
      directory: folder.path,
      yaml: 'checkpoint: { interval: 100ms }\nlog: { segment_bytes: 1MiB, trim_grace: 1s }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n',
    },
    kills: 5,
    seed: 7,
    plan: { tables: ['kill.a', 'kill.b'], producers: 4, maxRecords: 40, maxTextBytes: 500 },
    faultOf: () => undefined,
    read: async (table, _metadata, url) => (await tableColumn(url, table, 'id::DOUBLE')).map(Number),
    readLetters: async (table, _metadata, url) => (await tableColumn(url, table, 'decode(original)')).map(String),
  });
  expect(result.violations).toEqual([]);
  expect(result.acknowledgedDeadLetters).toBeGreaterThanOrEqual(2);
  expect(result.acknowledgedRecords).toBeGreaterThan(100);
  await folder.remove();
});
