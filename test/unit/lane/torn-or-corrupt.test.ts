/** A bad frame is corruption only if a later valid frame says that it had been synced; else the log is cut there. */
import { describe, expect, it } from 'vitest';
import { inspectLog } from '../../../src/lane/inspect-log.ts';
import type { InspectedPart } from '../../../src/lane/inspect-log.ts';
import type { SkippedBytes } from '../../../src/lane/load-segments.ts';
import type { LogWorld } from '../../support/sim-disk/log-helpers.ts';
import { TABLE_A, append, draft, logWorld, texts } from '../../support/sim-disk/log-helpers.ts';

/** `count` frames, each of a group of its own, in a killed life. */
async function writtenWorld(count: number, segmentBytes?: number): Promise<LogWorld> {
  const world = logWorld(segmentBytes === undefined ? {} : { segmentBytes });
  const log = await world.open();
  for (let index = 0; index < count; index++) await append(log, draft(TABLE_A, `${index}`));
  world.disk.crashKill();
  return world;
}

async function inspect(world: LogWorld): Promise<InspectedPart[]> {
  const parts: InspectedPart[] = [];
  for await (const part of inspectLog(world.disk, '/log')) parts.push(part);
  return parts;
}

/** `[file path, start, end]` of the frames on disk, in order. */
const frames = async (world: LogWorld): Promise<(readonly [string, number, number])[]> =>
  (await inspect(world))
    .filter((part) => part.kind === 'frame')
    .map(({ file, start, end }) => [`/log/${file}`, start, end] as const);

async function nth(world: LogWorld, index: number): Promise<readonly [string, number, number]> {
  const frame = (await frames(world)).at(index);
  if (frame === undefined) throw new Error('frame expected');
  return frame;
}

const names = (entries: readonly string[]): string[] => entries.map((text) => /"name":"(\w+)"/.exec(text)?.[1] ?? '?');

describe('the last group', () => {
  for (const [where, at] of [
    ['header', 5],
    ['length', 24],
    ['body', 80],
  ] as const)
    it(`a damaged ${where} is torn: the log is cut there and goes on`, async () => {
      const world = await writtenWorld(3);
      const [path, start] = await nth(world, -1);
      world.disk.flip(path, start + at);
      expect((await inspect(world)).at(-1)).toMatchObject({ kind: 'torn', start });
      const log = await world.open();
      expect(names(await texts(log, TABLE_A))).toEqual(['0', '1']);
      expect(await world.disk.size(path)).toBe(start);
      await append(log, draft(TABLE_A, 'next'));
      world.disk.crashKill();
      expect(names(await texts(await world.open(), TABLE_A))).toEqual(['0', '1', 'next']);
    });

  it('a file that ends inside a frame is torn', async () => {
    const world = await writtenWorld(3);
    const [path, start] = await nth(world, -1);
    const file = await world.disk.open(path, 'existing');
    await file.truncate(start + 70);
    expect(names(await texts(await world.open(), TABLE_A))).toEqual(['0', '1']);
  });

  it('zeros behind the last frame, as a size written ahead of its data leaves them, are torn', async () => {
    const world = await writtenWorld(2);
    const [path] = await nth(world, -1);
    const file = await world.disk.open(path, 'existing');
    await file.append([new Uint8Array(3_000_000)]);
    expect(names(await texts(await world.open(), TABLE_A))).toEqual(['0', '1']);
  });

  it('frames of one group do not vouch for each other: a hole in the unsynced group is torn', async () => {
    const world = logWorld();
    const log = await world.open();
    await append(log, draft(TABLE_A, 'first'));
    await Promise.all(['a', 'b', 'c'].map((name) => append(log, draft(TABLE_A, name))));
    world.disk.crashKill();
    const [path, start] = await nth(world, 1);
    world.disk.flip(path, start + 10);
    expect(names(await texts(await world.open(), TABLE_A))).toEqual(['first']);
  });
});

describe('what a later frame says was synced', () => {
  it('is corrupt when damaged: the log stays closed, names file and byte, and changes nothing', async () => {
    const world = await writtenWorld(5);
    const [path, start] = await nth(world, 1);
    world.disk.flip(path, start + 70);
    await expect(world.open()).rejects.toMatchObject({
      kind: 'corrupt',
      context: { file: path, byte: start },
      remedy: expect.stringContaining('sluice log inspect') as string,
    });
    await expect(world.open()).rejects.toMatchObject({ remedy: expect.stringContaining('--skip') as string });
    expect(await inspect(world)).toContainEqual(expect.objectContaining({ kind: 'corrupt', start }));
    world.disk.flip(path, start + 70);
    expect(await texts(await world.open(), TABLE_A)).toHaveLength(5);
  });

  it('is found far behind the damage, beyond any window', async () => {
    const world = logWorld();
    const log = await world.open();
    const payload = Buffer.alloc(3 << 20, 0x20);
    for (let index = 0; index < 3; index++) await append(log, { ...draft(TABLE_A, 'x'), payload });
    world.disk.crashKill();
    const [path, start] = await nth(world, 0);
    // Length and body of two neighbours gone at once: only the third frame knows.
    for (const byte of [0, 1 << 20, (3 << 20) + 120]) world.disk.flip(path, start + byte);
    await expect(world.open()).rejects.toMatchObject({ kind: 'corrupt', context: { byte: start } });
  });

  it('a damaged end of an earlier segment is corrupt, since its successor names its end', async () => {
    const world = await writtenWorld(30, 600);
    expect(world.segments().length).toBeGreaterThan(3);
    const [second] = world.segments().slice(1);
    const last = (await frames(world)).findLast(([path]) => path === second);
    if (last === undefined) throw new Error('frame expected');
    world.disk.flip(last[0], last[1] + 3);
    await expect(world.open()).rejects.toMatchObject({ kind: 'corrupt', context: { file: last[0], byte: last[1] } });
  });

  it('an earlier segment that is too short, or gone, is corrupt', async () => {
    const world = await writtenWorld(30, 600);
    const [first, second] = world.segments();
    if (first === undefined || second === undefined) throw new Error('segments expected');
    const file = await world.disk.open(second, 'existing');
    await file.truncate(200);
    await expect(world.open()).rejects.toMatchObject({ kind: 'corrupt', context: { file: second } });
    await world.disk.remove(second);
    await expect(world.open()).rejects.toMatchObject({ kind: 'corrupt', context: { file: second } });
  });

  it('a damaged segment header is corrupt when its frames prove that it was in use', async () => {
    const world = await writtenWorld(2);
    const [path] = await nth(world, 0);
    world.disk.flip(path, 20);
    await expect(world.open()).rejects.toMatchObject({ kind: 'corrupt', context: { file: path, byte: 0 } });
  });

  it('a missing or damaged manifest is corrupt: nobody may forget what was trimmed', async () => {
    const world = await writtenWorld(2);
    world.disk.flip('/log/manifest.json', 30);
    await expect(world.open()).rejects.toMatchObject({ kind: 'corrupt', context: { file: '/log/manifest.json' } });
    await world.disk.remove('/log/manifest.json');
    await expect(world.open()).rejects.toMatchObject({ kind: 'corrupt', context: { file: '/log/manifest.json' } });
  });
});

describe('skipping', () => {
  it('hands over the damaged bytes before it goes on without them, and never asks again', async () => {
    const world = await writtenWorld(5);
    const [path, start, end] = await nth(world, 1);
    world.disk.flip(path, start + 70);
    const damaged = await world.disk.read(path, start, end);
    const seen: SkippedBytes[] = [];
    const log = await world.open({ skip: (range) => Promise.resolve(void seen.push(range)) });
    expect(seen).toEqual([{ file: path, start, end, why: expect.any(String) as string, bytes: damaged }]);
    expect(names(await texts(log, TABLE_A))).toEqual(['0', '2', '3', '4']);
    world.disk.crashKill();
    expect(names(await texts(await world.open(), TABLE_A))).toEqual(['0', '2', '3', '4']);
    expect(await inspect(world)).toContainEqual(expect.objectContaining({ kind: 'skipped', start, end }));
  });

  it('hands the bytes over again when the process dies before they are kept', async () => {
    const world = await writtenWorld(3);
    const [path, start] = await nth(world, 0);
    world.disk.flip(path, start + 70);
    let asked = 0;
    const dying = (): Promise<void> => {
      asked += 1;
      return Promise.reject(new Error('dead letters are not there'));
    };
    await expect(world.open({ skip: dying })).rejects.toThrow('dead letters are not there');
    await expect(world.open({ skip: dying })).rejects.toThrow('dead letters are not there');
    expect(asked).toBe(2);
  });

  it('goes on behind a segment whose header is gone', async () => {
    const world = await writtenWorld(30, 600);
    const [, second] = world.segments();
    if (second === undefined) throw new Error('segments expected');
    const lost = (await frames(world)).filter(([path]) => path === second).length;
    world.disk.flip(second, 20);
    const seen: SkippedBytes[] = [];
    const log = await world.open({ skip: (range) => Promise.resolve(void seen.push(range)) });
    expect(seen).toMatchObject([{ file: second, start: 0 }]);
    expect(await texts(log, TABLE_A)).toHaveLength(30 - lost);
    world.disk.crashKill();
    expect(await texts(await world.open(), TABLE_A)).toHaveLength(30 - lost);
  });
});
