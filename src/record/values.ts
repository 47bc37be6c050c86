/**
 * The value of a primitive field in our own process, one representation a type. Rows never take this form on the hot path;
 * partition tuples, bounds and refusals do.
 */

/**
 * boolean → boolean · int, date (days) → number · long, time, timestamp, timestamptz (microseconds) → bigint ·
 * float, double → number · decimal → bigint (unscaled) · string → string · uuid (16), fixed, binary → Uint8Array
 */
export type PrimitiveValue = boolean | number | bigint | string | Uint8Array;

/** One value per partition field, in spec order; `null` for null or a void transform. */
export type PartitionTuple = readonly (PrimitiveValue | null)[];
