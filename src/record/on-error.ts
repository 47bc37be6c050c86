/** What becomes of a request in which some records do not fit, and the table property that says it by default. */
import { SluiceError } from '../core/errors.ts';

export type OnError = 'reject' | 'dead_letter';

export const ON_ERRORS: readonly OnError[] = ['reject', 'dead_letter'];

export const ON_ERROR_PROPERTY = 'sluice.on-error';

type Properties = ReadonlyMap<string, string>;

/** As the table says; a value nobody knows counts as `reject`, which loses nothing. */
export const onErrorOf = (properties: Properties): OnError =>
  properties.get(ON_ERROR_PROPERTY) === 'dead_letter' ? 'dead_letter' : 'reject';

/** Throws kind `unsupported` for a value that means nothing: for tables that are about to be created. */
export function validateOnError(properties: Properties): void {
  const given = properties.get(ON_ERROR_PROPERTY);
  if (given !== undefined && !ON_ERRORS.some((known) => known === given))
    throw new SluiceError('unsupported', `table property ${ON_ERROR_PROPERTY} is ${JSON.stringify(given)}`, {
      remedy: `set it to ${ON_ERRORS.join(' or ')}`,
    });
}
