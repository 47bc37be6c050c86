/**
 * Tables written by our own daemon, for foreign engines to judge: a real process, driven over HTTP only.
 *
 * Owns the daemon's life and the requests. What rows look like on the wire is `support-wire.ts`; nothing is judged here.
 */
import { join } from 'node:path';

import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import type { CatalogFile } from './catalogs.ts';
import type { CanonicalRow, StructType } from './harness.ts';
import { ndjson } from './support-wire.ts';

/** Only what is asked for makes a checkpoint: tests say which rows share a snapshot. */
const ON_REQUEST = 'checkpoint: { interval: 1h }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';

export interface NewTable {
  readonly name: string;
  /** Types in the one-line form, or Iceberg's JSON for nested types with required members. `id: long` is added as the required key. */
  readonly columns: Readonly<Record<string, string>>;
  readonly partitionBy?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
}

export interface DescribedTable {
  readonly metadata: string;
  readonly location: string;
  readonly schema: StructType;
  readonly properties: Readonly<Record<string, string>>;
}

export interface DataFile {
  readonly file_path: string;
  readonly record_count: string;
  readonly partition: readonly (string | null)[];
}

export interface Snapshot {
  readonly snapshot_id: string;
  readonly sequence_number: string;
  readonly operation: string;
  readonly summary: Readonly<Record<string, string>>;
}

/** A job of maintenance as it ended; figures by the names of the API. */
export interface EndedJob {
  readonly state: string;
  readonly error?: string;
  readonly result: Readonly<Record<string, number>>;
  readonly log: readonly { readonly line: string }[];
}

export class TestDaemon {
  readonly #folder: TemporaryFolder;
  readonly #yaml: string;
  #daemon: Daemon;
  #url: string;

  private constructor(folder: TemporaryFolder, yaml: string, daemon: Daemon, url: string) {
    this.#folder = folder;
    this.#yaml = yaml;
    this.#daemon = daemon;
    this.#url = `${url}/api/v1`;
  }

  /** A daemon with an empty data directory, ready. `yaml` replaces all settings but `data_dir`. */
  static async start(yaml = ON_REQUEST): Promise<TestDaemon> {
    const folder = await temporaryFolder();
    try {
      const daemon = await ready(folder.path, yaml);
      return new TestDaemon(folder, yaml, daemon, await daemon.url);
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  /** Kills the process and starts another on the same data. */
  async crash(): Promise<void> {
    await this.#daemon.kill();
    this.#daemon = await ready(this.#folder.path, this.#yaml);
    this.#url = `${await this.#daemon.url}/api/v1`;
  }

  /** Ends the process in order and removes all it wrote. Rejects if it did not end with 0. */
  async stop(): Promise<void> {
    this.#daemon.signal('SIGTERM');
    const ended = await this.#daemon.exit(60_000);
    await this.#folder.remove();
    if (ended !== 0) throw new Error(`the daemon ended with ${ended}:\n${this.#daemon.log}`);
  }

  get configuration(): string {
    return join(this.#folder.path, 'sluice.yaml');
  }

  get folder(): string {
    return this.#folder.path;
  }

  get catalog(): CatalogFile {
    const data = join(this.#folder.path, 'data');
    return { file: join(data, 'catalog.db'), name: 'sluice', warehouse: `file://${data}/warehouse` };
  }

  async create(table: NewTable): Promise<StructType> {
    const fields = Object.entries(table.columns).map(([name, type]) => ({ name, type, required: false }));
    await this.#post('tables', {
      name: table.name,
      schema: { fields: [{ name: 'id', type: 'long', required: true }, ...fields] },
      partition_by: table.partitionBy ?? [],
      ...(table.properties === undefined ? {} : { properties: table.properties }),
    });
    return (await this.describe(table.name)).schema;
  }

  /** Resolves when the rows are durable, with their position. */
  send(table: string, schema: StructType, rows: readonly CanonicalRow[]): Promise<string> {
    return this.sendBytes(table, ndjson(schema, rows));
  }

  /** The same for NDJSON; waits as long as the daemon says when a budget is full. */
  async sendBytes(table: string, body: string | Buffer): Promise<string> {
    for (;;) {
      const answer = await fetch(`${this.#url}/tables/${table}/records`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body,
      });
      const text = await answer.text();
      if (answer.ok) return (JSON.parse(text) as { position: string }).position;
      if (answer.status !== 503) throw new Error(`records refused: ${answer.status} ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers.get('retry-after') ?? 1)));
    }
  }

  /** A checkpoint now. */
  async flush(table: string): Promise<void> {
    await this.#post(`tables/${table}/actions/flush`, {});
  }

  /** Resolves when the position is in the table. */
  async committed(table: string, position: string): Promise<void> {
    const answer = await this.#get<{ state: string }>(
      `tables/${table}/positions/${position}?wait=committed&timeout=120s`,
    );
    if (answer.state !== 'committed') throw new Error(`position ${position} is ${answer.state}`);
  }

  async describe(table: string): Promise<DescribedTable> {
    const view = await this.#get<DescribedTable & { metadata_location: string }>(`tables/${table}`);
    return { ...view, metadata: view.metadata_location };
  }

  async files(table: string): Promise<readonly DataFile[]> {
    return (await this.#get<{ files: DataFile[] }>(`tables/${table}/files`)).files;
  }

  async snapshots(table: string): Promise<readonly Snapshot[]> {
    return (await this.#get<{ snapshots: Snapshot[] }>(`tables/${table}/snapshots`)).snapshots;
  }

  /** Has the job done and waits for its end. Rejects if it was not done. `query` begins with a question mark. */
  async maintain(
    table: string,
    kind: 'compact' | 'expire-snapshots' | 'rewrite-manifests',
    query = '',
  ): Promise<EndedJob> {
    const { job } = await this.#post<{ job: string }>(`tables/${table}/actions/${kind}${query}`, {});
    for (;;) {
      const ended = await this.#get<EndedJob>(`jobs/${job}`);
      if (ended.state === 'done') return ended;
      if (ended.state !== 'waiting' && ended.state !== 'running') throw new Error(JSON.stringify(ended));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.#url}/${path}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async #post<T>(path: string, body: object): Promise<T> {
    const answer = await fetch(`${this.#url}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}\n${this.#daemon.log}`);
    return JSON.parse(text === '' ? 'null' : text) as T;
  }
}

async function ready(directory: string, yaml: string): Promise<Daemon> {
  const daemon = await Daemon.start({ directory, yaml });
  try {
    await daemon.url;
    return daemon;
  } catch (error) {
    await daemon.kill();
    throw new Error(`the daemon did not start:\n${daemon.log}`, { cause: error });
  }
}
