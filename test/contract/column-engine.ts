/** The promises of `contracts/column-engine.ts`, run on every encoder. Files are read back by hyparquet, which shares no code with them. */
import { describe } from 'vitest';
import type { ColumnEngine, FileLayout } from '../../src/contracts/column-engine.ts';
import { describeLife } from './column-engine/life.ts';
import { describePartitions } from './column-engine/partitions.ts';
import { useSubject } from './column-engine/subject.ts';
import { describeValues } from './column-engine/values.ts';

export interface Subject {
  readonly engine: ColumnEngine;
  /** The engine's working directory. */
  readonly directory: string;
  readonly compression: FileLayout['compression'];
  close(): Promise<void>;
}

/** `make` is called once; every test has stagings of its own. */
export function describeColumnEngine(name: string, make: () => Promise<Subject>): void {
  describe(`column engine: ${name}`, () => {
    const use = useSubject(make);
    describeValues(use);
    describePartitions(use);
    describeLife(use);
  });
}
