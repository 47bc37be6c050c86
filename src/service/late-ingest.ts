/** The ingest port before there is a log behind it: answers `not-accepting` until recovery attaches the real one. */
import type { AppendAnswer, AppendRequest, IngestPort, Position, PositionState } from '../contracts/service-ports.ts';
import type { TableName } from '../core/ids.ts';
import { SluiceError } from '../core/errors.ts';

interface ClosableIngest extends IngestPort {
  close(reason: string): Promise<void>;
}

export class LateIngest implements IngestPort {
  #ingest: ClosableIngest | undefined;
  #closed: string | undefined;

  get open(): boolean {
    return this.#ingest !== undefined && this.#closed === undefined;
  }

  attach(ingest: ClosableIngest): void {
    this.#ingest = ingest;
    if (this.#closed !== undefined) void ingest.close(this.#closed);
  }

  /** Resolves when the appends under way have ended. */
  async close(reason: string): Promise<void> {
    this.#closed = reason;
    await this.#ingest?.close(reason);
  }

  append(request: AppendRequest): Promise<AppendAnswer> {
    return (
      this.#ingest?.append(request) ?? Promise.resolve({ kind: 'not-accepting', reason: 'the log is being read back' })
    );
  }

  dryRun(request: AppendRequest): ReturnType<IngestPort['dryRun']> {
    return this.#started().dryRun(request);
  }

  position(table: TableName, position: Position): Promise<PositionState> {
    return this.#started().position(table, position);
  }

  awaitPosition(table: TableName, position: Position, signal: AbortSignal): Promise<PositionState> {
    return this.#started().awaitPosition(table, position, signal);
  }

  #started(): IngestPort {
    if (this.#ingest === undefined)
      throw new SluiceError('unavailable', 'the log is being read back', {
        remedy: 'ask again when /readyz answers 200',
      });
    return this.#ingest;
  }
}
