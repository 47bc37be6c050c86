/**
 * Writes schemas/sluice.schema.json from the configuration schema; with `--check` compares instead and fails when it is stale.
 * Editors read it through the first line of the examples.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { configJsonSchema } from '../../src/config/json-schema.ts';

const target = new URL('../../schemas/sluice.schema.json', import.meta.url);
const text = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    process.stderr.write(
      'error: schemas/sluice.schema.json is not what the configuration schema says\ntry: npm run schema\n',
    );
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, text);
}
