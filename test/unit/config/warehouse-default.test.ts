/** The default warehouse lies where the data directory does, letter by letter: keys in URIs are literal. */
import { expect, test } from 'vitest';
import { parseSettings } from '../../../src/config/load.ts';
import { parseRoot } from '../../../src/store/uri.ts';

test('a data directory with a space, a percent sign and umlauts is the folder of the tables', () => {
  const loaded = parseSettings('data_dir: "/var/a b/100%/ü"\n', 'sluice.yaml', {
    env: {},
    directory: '/',
    readFile: () => '',
  });
  expect(loaded.kind).toBe('valid');
  if (loaded.kind === 'valid')
    expect(parseRoot(loaded.settings.warehouse)).toMatchObject({ kind: 'local', path: '/var/a b/100%/ü/warehouse' });
});
