/** Values of one column of one row group: what the encoder needs, and what statistics and metrics say of them. */
import { compareSingle } from '../../record/single-value.ts';
import type { PrimitiveType } from '../../record/types.ts';
import type { PrimitiveValue } from '../../record/values.ts';
import { physicalValue } from './physical.ts';

export class ColumnGroup {
  readonly #type: PrimitiveType;
  readonly definitions: number[] = [];
  readonly values: PrimitiveValue[] = [];
  nulls = 0;
  nans = 0;
  /** Of values that are no NaN. */
  least: PrimitiveValue | undefined;
  most: PrimitiveValue | undefined;

  constructor(type: PrimitiveType) {
    this.#type = type;
  }

  add(value: PrimitiveValue | null): void {
    this.definitions.push(value === null ? 0 : 1);
    if (value === null) {
      this.nulls += 1;
      return;
    }
    this.values.push(physicalValue(this.#type, value));
    if (Number.isNaN(value)) {
      this.nans += 1;
      return;
    }
    if (this.least === undefined || compareSingle(value, this.least) < 0) this.least = value;
    if (this.most === undefined || compareSingle(value, this.most) > 0) this.most = value;
  }
}
