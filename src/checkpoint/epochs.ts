/**
 * The open epoch of one table and the sealed ones that wait to be committed. Owns stagings from the first record to dropped local files,
 * and the bound of sealed epochs. Does not decide when to cut, and commits nothing.
 */
import { SluiceError, messageOf } from '../core/errors.ts';
import { formatTableName, snapshotId, type Epoch, type TableName, type TableUuid } from '../core/ids.ts';
import { positive63, type Runtime } from '../core/runtime.ts';
import type { ColumnEngine, FileLayout, Staging } from '../contracts/column-engine.ts';
import type { Locations } from '../contracts/locations.ts';
import type { CheckpointRecord } from '../contracts/service-ports.ts';
import type { Span, Tracer } from '../contracts/tracing.ts';
import { OpenEpoch, type SealedEpoch } from './epoch.ts';
import { writeEpoch } from './epoch-writer.ts';
import type { FlushLimits } from './flush-policy.ts';
import type { SealedProducers } from './producers/table-producers.ts';

/** Two epochs may wait to be committed; then the feed falls behind and the log's budget holds the sources back. */
const MAX_SEALED = 2;

export interface EpochsContext {
  readonly engine: ColumnEngine;
  readonly locations: Locations;
  readonly runtime: Runtime;
  readonly limits: FlushLimits;
  readonly tracer: Tracer;
}

export class Epochs {
  readonly #context: EpochsContext;
  readonly #name: TableName;
  readonly #table: TableUuid;
  readonly #onTrouble: (state: string, cause: string) => void;
  #open: OpenEpoch | undefined;
  #sealed: SealedEpoch[] = [];
  #writing = new AbortController();
  #stagings = 0;

  constructor(
    context: EpochsContext,
    table: { readonly name: TableName; readonly uuid: TableUuid },
    onTrouble: (state: string, cause: string) => void,
  ) {
    this.#context = context;
    this.#name = table.name;
    this.#table = table.uuid;
    this.#onTrouble = onTrouble;
  }

  get open(): OpenEpoch | undefined {
    return this.#open;
  }

  /** The next to commit. */
  get next(): SealedEpoch | undefined {
    return this.#sealed[0];
  }

  /** Everything not yet committed, oldest first. */
  get waiting(): readonly (OpenEpoch | SealedEpoch)[] {
    return this.#open === undefined ? this.#sealed : [...this.#sealed, this.#open];
  }

  /** Records and bytes not yet committed. */
  get held(): { readonly records: number; readonly bytes: number } {
    return {
      records: this.waiting.reduce((sum, epoch) => sum + epoch.rows, 0),
      bytes: this.waiting.reduce((sum, epoch) => sum + epoch.bytes, 0),
    };
  }

  get hasRoom(): boolean {
    const { maxBytes, maxRows } = this.#context.limits;
    const full = this.#open !== undefined && (this.#open.bytes >= maxBytes || this.#open.rows >= maxRows);
    return !full || this.#sealed.length < MAX_SEALED;
  }

  /** The epoch that takes the next records; one of this layout is made when there is none. */
  openFor(layout: FileLayout): OpenEpoch {
    if (this.#open === undefined) {
      const { engine, runtime } = this.#context;
      this.#stagings += 1;
      const staging = engine.staging(layout, `${this.#table}-${this.#stagings}`);
      this.#open = new OpenEpoch(staging, runtime.clock.monotonic());
    }
    return this.#open;
  }

  /** Seals the open epoch and starts to write it and its `state`. False when there is none or two wait already. */
  seal(
    epoch: Epoch,
    trigger: CheckpointRecord['trigger'],
    tableLocation: string,
    state: (signal: AbortSignal) => SealedProducers | undefined,
  ): boolean {
    const open = this.#open;
    if (open === undefined || this.#sealed.length >= MAX_SEALED) return false;
    this.#open = undefined;
    const { runtime, locations } = this.#context;
    const span = this.#span(open, epoch, trigger);
    const onTrouble = (cause: unknown): void => this.#onTrouble('unavailable', messageOf(cause));
    const files = writeEpoch(
      { locations, runtime, onTrouble, span },
      tableLocation,
      open.staging,
      this.#writing.signal,
    );
    // Whoever commits it hears of a failure; until then it is nobody's.
    files.catch(() => undefined);
    const token = snapshotId(positive63(runtime.random));
    span.set({ 'sluice.snapshot_id': token.toString() });
    this.#sealed.push({
      epoch,
      token,
      trigger,
      lanes: open.lanes,
      staging: open.staging,
      rows: open.rows,
      bytes: open.bytes,
      firstAt: open.firstAt,
      sealedAt: runtime.clock.now(),
      span,
      files,
      producers: state(this.#writing.signal),
    });
    return true;
  }

  /** The first sealed epoch is in its table. */
  committed(): void {
    this.#sealed.shift()?.span.end();
  }

  /** Gives up everything uncommitted; resolves when its local files are gone. Uploaded files stay for orphan removal. */
  async forget(): Promise<void> {
    const { waiting } = this;
    const files = this.#sealed.map((sealed) => sealed.files);
    this.#writing.abort(new SluiceError('closed', 'the epoch was given up'));
    this.#writing = new AbortController();
    for (const { span } of this.#sealed) span.end('given up: the records are written anew from the log');
    this.#sealed = [];
    this.#open = undefined;
    await Promise.allSettled(files);
    for (const { staging } of waiting) await this.drop(staging);
  }

  #span(open: OpenEpoch, epoch: Epoch, trigger: CheckpointRecord['trigger']): Span {
    const { links, more } = open.requests;
    return this.#context.tracer.work('checkpoint', links, {
      'sluice.table': formatTableName(this.#name),
      'sluice.epoch': epoch.toString(),
      'sluice.trigger': trigger,
      'sluice.records': open.rows,
      'sluice.bytes': open.bytes,
      'sluice.position': [...open.lanes].map(([lane, cut]) => `p${lane}-${cut.to}`).join(' '),
      'sluice.links_dropped': more === 0 ? undefined : more,
    });
  }

  /** Leftovers on local disk cost space, not data. */
  async drop(staging: Staging): Promise<void> {
    await staging.drop().catch((error: unknown) => this.#onTrouble('spool-left', messageOf(error)));
  }
}
