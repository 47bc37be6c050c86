/**
 * A crash campaign: start, load, kill, again; then drain and compare every table with the ledger.
 * Owns the order of events. Reading the tables is an argument, so that a foreign engine can be the judge.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../bench/events.ts';
import { Daemon, type DaemonSetup, type Fault } from '../support/daemon/daemon.ts';
import { exactProducers } from './exact-producers.ts';
import { Ledger } from './ledger.ts';
import { produce, type ProducerPlan } from './producers.ts';

export interface Campaign {
  readonly setup: DaemonSetup;
  readonly kills: number;
  readonly seed: number;
  readonly plan: ProducerPlan;
  /** The fault of the n-th life; undefined: `kill -9` after a random time. */
  readonly faultOf: (life: number, random: () => number) => Fault | undefined;
  /** Every id in the table, as often as it is there. `metadata` is the URI of its current metadata file. */
  readonly read: (table: string, metadata: string, url: string) => Promise<readonly number[]>;
  /** The original bytes of every dead letter in the table, as text. */
  readonly readLetters: (table: string, metadata: string, url: string) => Promise<readonly string[]>;
  readonly onProgress?: (line: string) => void;
}

export interface CampaignResult {
  readonly kills: number;
  readonly killedByFault: number;
  readonly requests: number;
  readonly acknowledgedRecords: number;
  /** Of these, records that fit no table. */
  readonly acknowledgedDeadLetters: number;
  readonly violations: readonly string[];
}

export const fields = [
  { name: 'id', type: 'long', required: true },
  { name: 'day', type: 'date', required: false },
  { name: 'text', type: 'string', required: false },
];

export async function runCampaign(campaign: Campaign): Promise<CampaignResult> {
  const random = seeded(campaign.seed);
  const ledger = new Ledger();
  const exact = exactProducers(campaign.plan.tables, ledger, campaign.seed);
  let killedByFault = 0;
  await withDaemon(campaign, async (url) => {
    for (const table of campaign.plan.tables) {
      await createTable(url, table);
      await firstLetter(url, table, ledger);
    }
  });
  for (let life = 1; life <= campaign.kills; life += 1) {
    const fault = campaign.faultOf(life, random);
    const daemon = await Daemon.start(campaign.setup, fault);
    const stop = new AbortController();
    const url = await daemon.url.catch(() => undefined);
    const load =
      url === undefined
        ? []
        : [
            produce(url, campaign.plan, ledger, campaign.seed + life, stop.signal),
            ...exact.map((producer) => producer.run(url, stop.signal)),
          ];
    // A fault point that is not reached ends by the clock, too.
    const deadline = performance.now() + (fault === undefined ? 20 + (random() % 800) : 2_500);
    while (!daemon.ended && performance.now() < deadline) await sleep(5);
    if (daemon.ended) killedByFault += 1;
    await daemon.kill();
    stop.abort();
    await Promise.all(load);
    campaign.onProgress?.(`life ${life}: ${fault ?? 'kill -9'}, ${ledger.acknowledgedRecords} records acknowledged`);
  }
  const violations = [...exact.flatMap((producer) => producer.violations), ...(await verify(campaign, ledger))];
  return {
    kills: campaign.kills,
    killedByFault,
    requests: ledger.requests.length,
    acknowledgedRecords: ledger.acknowledgedRecords,
    acknowledgedDeadLetters: ledger.acknowledgedDeadLetters,
    violations,
  };
}

/** Starts once more, lets everything acknowledged reach its table, and compares every table with the ledger. */
export async function verify(
  campaign: Pick<Campaign, 'setup' | 'plan' | 'read' | 'readLetters'>,
  ledger: Ledger,
): Promise<readonly string[]> {
  const violations: string[] = [];
  await withDaemon(campaign, async (url) => {
    for (const table of campaign.plan.tables) {
      await flush(url, table);
      const ids = await campaign.read(table, await metadataOf(url, table), url);
      violations.push(...ledger.violations(table, ids, await lettersOf(campaign, url, `${table}__dead_letters`)));
    }
  });
  return violations;
}

async function flush(url: string, table: string): Promise<void> {
  const flushed = await fetch(`${url}/api/v1/tables/${table}/actions/flush`, { method: 'POST' });
  if (!flushed.ok) throw new Error(`flush ${table}: ${flushed.status} ${await flushed.text()}`);
  await untilNoLag(url, table);
}

/** Ids of the records that became dead letters; none before the first one made the table. */
async function lettersOf(campaign: Pick<Campaign, 'readLetters'>, url: string, letters: string): Promise<number[]> {
  if ((await fetch(`${url}/api/v1/tables/${letters}`)).status === 404) return [];
  await flush(url, letters);
  const originals = await campaign.readLetters(letters, await metadataOf(url, letters), url);
  return originals.map((original) => (JSON.parse(original) as { readonly id: number }).id);
}

/** Runs the daemon for the work and stops it by SIGTERM, which must end it with 0. */
export async function withDaemon(
  campaign: Pick<Campaign, 'setup'>,
  work: (url: string, daemon: Daemon) => Promise<void>,
): Promise<void> {
  const daemon = await Daemon.start(campaign.setup);
  try {
    await work(await daemon.url, daemon);
    daemon.signal('SIGTERM');
    const code = await daemon.exit(60_000);
    if (code !== 0) throw new Error(`SIGTERM ended the daemon with ${code}`);
  } catch (error) {
    await daemon.kill();
    throw new Error(`${String(error)}\n${daemon.log}`, { cause: error });
  }
}

export async function createTable(url: string, table: string): Promise<void> {
  const created = await fetch(`${url}/api/v1/tables`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: table, schema: { fields }, partition_by: ['day(day)'] }),
  });
  if (!created.ok) throw new Error(`create ${table}: ${created.status} ${await created.text()}`);
}

/** Makes the table of its dead letters, for which a life of some milliseconds may be too short. */
async function firstLetter(url: string, table: string, ledger: Ledger): Promise<void> {
  const sent = ledger.open(table, 1, () => true);
  const answer = await fetch(`${url}/api/v1/tables/${table}/records?on_error=dead_letter`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: `{"id":${sent.first},"never":1}\n`,
  });
  sent.acknowledged = answer.status === 202;
}

interface Described {
  readonly metadata_location: string;
  readonly status: { readonly lag_records: string };
}

const describeTable = async (url: string, table: string): Promise<Described> =>
  (await (await fetch(`${url}/api/v1/tables/${table}`)).json()) as Described;

export const metadataOf = async (url: string, table: string): Promise<string> =>
  (await describeTable(url, table)).metadata_location;

/** What earlier lives left in the log is read back in the background; bounded by a minute. */
async function untilNoLag(url: string, table: string): Promise<void> {
  for (let round = 0; round < 600; round += 1) {
    const { status } = await describeTable(url, table);
    if (status.lag_records === '0') return;
    await sleep(100);
  }
  throw new Error(`${table} still lags after a minute`);
}
