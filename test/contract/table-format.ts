/**
 * The promises of `contracts/table-format.ts`, run on every format and catalog. Nothing here knows the format: what is committed is seen
 * through `TableFormat` and `Tables` alone, by a second instance where it matters.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import type { MaintenanceFormat } from '../../src/contracts/maintenance.ts';
import type { TableFormat, TableView } from '../../src/contracts/table-format.ts';
import type { Tables } from '../../src/contracts/tables.ts';
import type { Loss } from '../support/iceberg/losing-pointers.ts';
import { describeAppends } from './table-format/appends.ts';
import { describeConflicts } from './table-format/conflicts.ts';
import { describeExpiring } from './table-format/expiring.ts';
import { describeLostAnswers } from './table-format/lost-answers.ts';
import { describeManifests } from './table-format/manifests.ts';
import { describeProgress } from './table-format/progress.ts';
import { describeReplacing } from './table-format/replacing.ts';
import { describeRollingBack } from './table-format/rolling-back.ts';

/** One process's access to the tables. */
export interface Access<V extends TableView = TableView> {
  readonly format: TableFormat<V>;
  readonly tables: Tables<V>;
  readonly maintenance: MaintenanceFormat<V>;
}

export interface FormatSubject {
  readonly ours: Access;
  /** The same tables as another process sees them; its answers never get lost. */
  readonly theirs: Access;
  /** Under which data files of a test are named. */
  readonly root: string;
  /** The answer to the next compare-and-swap of ours gets lost this way. */
  loseSwap(how: Loss): void;
  /** Lets held-back swaps land; the kinds in which they ended. */
  landLate(): Promise<readonly string[]>;
  /** The next object put by ours fails without an answer; `lands` tells whether it is there all the same. */
  losePut(lands: boolean): void;
  close(): Promise<void>;
}

/** `make` is called once; every test has tables of its own. */
export function describeTableFormat(name: string, make: () => Promise<FormatSubject>): void {
  describe(`table format: ${name}`, () => {
    let subject: FormatSubject | undefined;
    const use = (): FormatSubject => {
      if (subject === undefined) throw new Error('the subject is there only inside tests');
      return subject;
    };
    beforeAll(async () => {
      subject = await make();
    });
    afterAll(() => subject?.close());
    describeAppends(use);
    describeProgress(use);
    describeConflicts(use);
    describeLostAnswers(use);
    describeReplacing(use);
    describeExpiring(use);
    describeManifests(use);
    describeRollingBack(use);
  });
}
