/** A world without actors, for one scenario at a time: the test says who does what, and lets time pass. Owns the waiting. */
import { expect } from 'vitest';
import type { AppendAnswer, Producer } from '../../../src/contracts/service-ports.ts';
import type { Plant } from '../plants.ts';
import type { LogSettings } from './core.ts';
import type { FaultKind } from './faults.ts';
import type { SentRequest } from './ledger.ts';
import type { Life } from './life.ts';
import type { SimTable } from './model-catalog.ts';
import { bodyOf, row } from './records.ts';
import { SimVolume } from './volumes.ts';
import { World } from './world.ts';

/** More than any back-off. */
const PATIENCE_MS = 120_000;

interface StageOptions {
  readonly tables?: readonly string[];
  readonly faults?: readonly FaultKind[];
  readonly log?: Partial<LogSettings>;
  readonly plant?: Plant;
  readonly lettersByDefault?: boolean;
}

export class Stage {
  readonly world: World;

  constructor({ tables = ['t1'], faults = [], log = {}, plant, lettersByDefault = false }: StageOptions = {}) {
    const stage = { tables, faults, log, lettersByDefault };
    this.world = new World({ seed: 1, stage, ...(plant === undefined ? {} : { plant }) });
  }

  table(name = 't1'): SimTable {
    const table = this.world.catalog.get({ namespace: ['ns'], name });
    if (table === undefined) throw new Error(`no table ${name}`);
    return table;
  }

  /** A daemon on the first volume, ready; `prepare` sees it before it opens anything. */
  async start(prepare: (life: Life) => void = () => undefined): Promise<Life> {
    const [volume] = this.world.volumes;
    const life = volume === undefined ? undefined : this.world.start(volume);
    if (life === undefined) throw new Error('a daemon runs already');
    prepare(life);
    await this.until(() => life.state === 'ready');
    return life;
  }

  /** Lets virtual time pass. Rejects when an invariant breaks. */
  async pass(ms: number): Promise<void> {
    await this.world.scheduler.run(() => false, this.world.scheduler.now + ms);
  }

  async until(done: () => boolean): Promise<void> {
    const held = await this.world.scheduler.run(done, this.world.scheduler.now + PATIENCE_MS);
    expect(held, `waited ${PATIENCE_MS} ms for ${String(done)}`).toBe(true);
  }

  async end<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const mark = (): void => {
      ended = true;
    };
    work.then(mark, mark);
    await this.until(() => ended);
    return work;
  }

  /** Two records, of which the first `bad` fit no table. */
  send(life: Life, table = 't1', columns: readonly string[] = [], bad = 0): [SentRequest, Promise<AppendAnswer>] {
    const request = this.world.ledger.sent(table, (id) => [row(id, 0), row(id, 1)]);
    request.bad = new Set(request.rows.slice(0, bad));
    if (life.ingest === undefined) throw new Error('the daemon is not ready');
    const answer = life.ingest.append({
      table: { namespace: ['ns'], name: table },
      body: bodyOf(request.rows, columns, request.bad),
      format: 'ndjson',
      ignoreUnknownFields: false,
      principal: 'p',
      ...(bad > 0 ? { onError: 'dead_letter' } : {}),
    });
    return [request, answer];
  }

  /** Sent and acknowledged. */
  async append(life: Life, table = 't1', columns: readonly string[] = [], bad = 0): Promise<SentRequest> {
    const [request, answer] = this.send(life, table, columns, bad);
    expect((await this.end(answer)).kind).toBe('durable');
    request.state = 'acknowledged';
    return request;
  }

  /** Three records for `t1` under a channel or a key, of which the first `bad` fit no table. */
  exact(kind: 'channel' | 'key', bad = 0): SentRequest {
    const request = this.world.ledger.sent('t1', (id) => [row(id, 0), row(id, 1), row(id, 2)], kind);
    request.bad = new Set(request.rows.slice(0, bad));
    return request;
  }

  sendExactly(life: Life, { table, rows, columns, bad }: SentRequest, producer: Producer): Promise<AppendAnswer> {
    if (life.ingest === undefined) throw new Error('the daemon is not ready');
    const answer = life.ingest.append({
      table: { namespace: ['ns'], name: table },
      body: bodyOf(rows, columns, bad),
      format: 'ndjson',
      ignoreUnknownFields: false,
      principal: 'p',
      onError: 'dead_letter',
      producer,
    });
    return this.end(answer);
  }

  /** Opens channel `c` of `t1`. */
  async openChannel(life: Life): Promise<{ readonly epoch: bigint; readonly next: bigint }> {
    if (life.channels === undefined) throw new Error('the daemon is not ready');
    const opened = await this.end(life.channels.open({ namespace: ['ns'], name: 't1' }, 'c'));
    return opened.kind === 'done' ? opened.channel : expect.fail(opened.kind);
  }

  /** The daemon ends, and the log is gone with what no table has. */
  loseVolume(life: Life): void {
    life.end();
    for (const request of this.world.ledger.requests) request.unlogged = request.stored !== undefined;
    this.world.volumes.splice(this.world.volumes.indexOf(life.volume), 1, new SimVolume(life.volume.name));
  }

  /** The daemon ends, and the log is again as it was when its volume was copied last. */
  restoreVolume(life: Life): void {
    life.end();
    const { volume } = life;
    const { copy } = volume;
    if (copy === undefined) throw new Error('the volume was never copied');
    for (const request of this.world.ledger.requests)
      request.unlogged = request.stored !== undefined && request.stored.at > copy.takenAt;
    const older = new SimVolume(volume.name, copy.disk.platterCopy());
    this.world.volumes.splice(this.world.volumes.indexOf(volume), 1, older);
  }

  isIn(request: SentRequest): boolean {
    return request.stored !== undefined && this.world.isIn(request.id, request.stored.table);
  }
}
