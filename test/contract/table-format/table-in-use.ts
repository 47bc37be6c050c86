/** A fresh table of one test, with the steps of commits as one-liners. */
import { expect } from 'vitest';
import type { CommitOutcome, PreparedChange, ProgressUpdate, TableView } from '../../../src/contracts/table-format.ts';
import type { TableName } from '../../../src/core/ids.ts';
import { EVENTS, dataFile, nextToken } from '../../support/iceberg/samples.ts';
import type { Access, FormatSubject } from '../table-format.ts';

let tables = 0;

export class TableInUse {
  readonly subject: FormatSubject;
  readonly name: TableName;

  private constructor(subject: FormatSubject, name: TableName) {
    this.subject = subject;
    this.name = name;
  }

  static async make(subject: FormatSubject): Promise<TableInUse> {
    tables += 1;
    const name = { namespace: ['contract'], name: `t${tables}` };
    const made = await subject.ours.tables.create({ ...EVENTS, name });
    expect(made.kind).toBe('created');
    return new TableInUse(subject, name);
  }

  path(file: string): string {
    return `${this.subject.root}/${this.name.name}/data/${file}.parquet`;
  }

  async load(access: Access = this.subject.ours): Promise<TableView> {
    const loaded = await access.format.load(this.name);
    if (loaded.kind !== 'loaded') throw new Error('the table is gone');
    return loaded.view;
  }

  prepare(
    view: TableView,
    files: readonly string[],
    progress: ProgressUpdate,
    access: Access = this.subject.ours,
    token = nextToken(),
  ): Promise<PreparedChange> {
    const added = files.map((file) => dataFile(this.path(file)));
    return access.format.prepare(view, { kind: 'append', added, progress }, token);
  }

  attempt(base: TableView, prepared: PreparedChange): Promise<CommitOutcome<TableView>> {
    return this.subject.ours.format.attempt(base, prepared);
  }

  /** Prepares and attempts on a fresh base; the commit must succeed. */
  async commit(
    files: readonly string[],
    progress: ProgressUpdate,
    access: Access = this.subject.ours,
  ): Promise<TableView> {
    const base = await this.load(access);
    const prepared = await this.prepare(base, files, progress, access);
    return viewOf(await access.format.attempt(base, prepared));
  }

  /** Live files as another process sees them, sorted, without their folder. */
  async files(): Promise<readonly string[]> {
    const { theirs } = this.subject;
    const found: string[] = [];
    for await (const file of theirs.tables.files(await this.load(theirs)))
      found.push(file.filePath.replace(/^.*\/(.*)\.parquet$/, '$1'));
    return found.sort();
  }
}

export function viewOf(outcome: CommitOutcome<TableView>): TableView {
  if (outcome.kind !== 'committed') throw new Error(`expected a commit, got ${outcome.kind}: ${String(outcome.cause)}`);
  return outcome.view;
}
