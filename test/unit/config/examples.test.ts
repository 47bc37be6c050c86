/** Every example in config/ is valid as it stands, and the generated JSON Schema is the one of the code. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { formatFault, parseSettings } from '../../../src/config/load.ts';

const folder = new URL('../../../config/', import.meta.url);
const examples = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

describe('examples', () => {
  test('there are the three that are promised', () => {
    expect(examples).toEqual(expect.arrayContaining(['local.yaml', 's3.yaml', 'production.yaml']));
  });

  test.each(examples)('%s is valid with nothing in the environment', (name) => {
    const loaded = parseSettings(readFileSync(new URL(name, folder), 'utf8'), name, {
      env: {},
      readFile: () => '',
      directory: '/srv',
    });
    expect(loaded.kind === 'invalid' ? loaded.faults.map(formatFault) : []).toEqual([]);
  });
});

test('schemas/sluice.schema.json is what the configuration schema says (npm run schema)', () => {
  const written = readFileSync(new URL('../../../schemas/sluice.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(written)).toEqual(configJsonSchema());
});
