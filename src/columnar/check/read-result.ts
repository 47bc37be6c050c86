/** What reading one value of the slow path ends in. Data only. */
import type { RefusalCode } from '../../contracts/record-checker.ts';
import type { PrimitiveValue } from '../../record/values.ts';

/** Primitive, struct (members in schema order), list (elements), map (pairs of key and value). */
export type Value = PrimitiveValue | null | readonly Value[];

export interface Accepted<V> {
  readonly kind: 'value';
  readonly value: V;
}

export interface Refused {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly pointer: string;
  readonly detail: string;
}

export type Read<V> = Accepted<V> | Refused;

export const accepted = <V>(value: V): Accepted<V> => ({ kind: 'value', value });

/** Of the value at hand; containers put their own steps before `pointer` as it travels up. */
export const refused = (code: RefusalCode, detail: string, pointer = ''): Refused => ({
  kind: 'refused',
  code,
  pointer,
  detail,
});
