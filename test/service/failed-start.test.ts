/**
 * A start that comes upon something nobody expected ends the process: with what it was, and a code that supervisors act on. Plants are put
 * into the real process before its first line.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ON_LISTEN = (then: string): string => `
import net from 'node:net';
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...given) { ${then}; return listen.apply(this, given); };
`;

test.each([
  [
    'an exception while the parts are put together',
    `import http from 'node:http';\nhttp.createServer = () => { throw new TypeError('planted'); };`,
    /^error: planted\ntry: report this/m,
  ],
  [
    'an exception in a callback',
    ON_LISTEN(`queueMicrotask(() => { throw new TypeError('planted'); })`),
    /^error: an unexpected exception ended the process: TypeError: planted\n[^]*^try: start it again/m,
  ],
  [
    'a rejection that nobody waits for',
    ON_LISTEN(`void Promise.reject(new TypeError('planted'))`),
    /^error: an unexpected exception ended the process: TypeError: planted\n[^]*^try: start it again/m,
  ],
])('%s ends the process with a message', async (_what, plant, message) => {
  const folder = await temporaryFolder();
  const module = join(folder.path, 'plant.mjs');
  await writeFile(module, plant);
  const daemon = await Daemon.start({
    directory: folder.path,
    env: { NODE_OPTIONS: `--import=${pathToFileURL(module).href}` },
  });
  // One that hangs is killed, and answers the signal.
  expect(await daemon.exit(20_000)).toBe(1);
  expect(daemon.log).toMatch(message);
  await folder.remove();
});
