/** One process of a race: swaps a chain of pointers as fast as it can, and prints which links it won. */
import { SqlCatalog } from '../../../src/catalog/sql-catalog.ts';

const [path = '', racer = '', links = '0'] = process.argv.slice(2);
const catalog = SqlCatalog.open(path, 'sluice');
const table = { namespace: ['race'], name: 't' };
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  void run();
});

async function run(): Promise<void> {
  const won: string[] = [];
  for (;;) {
    const at = (await catalog.locate(table)) ?? '';
    const link = Number(at.split('#')[0]);
    if (link >= Number(links)) break;
    const to = `${link + 1}#${racer}`;
    const end = await catalog.swap(table, at, to);
    if (end.kind === 'unknown') throw end.cause;
    if (end.kind === 'swapped') won.push(to);
  }
  process.stdout.write(`${JSON.stringify(won)}\n`);
  process.stdin.destroy();
  await catalog.close();
}
