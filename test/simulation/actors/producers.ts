/** Plain producers: they send, wait, sometimes for the commit, and ask where a record is. A lost answer is a new request with new records. */
import { isSluiceError } from '../../../src/core/errors.ts';
import type { AppendAnswer } from '../../../src/contracts/service-ports.ts';
import { bodyOf, row } from '../world/records.ts';
import type { Life } from '../world/life.ts';
import type { SentRequest } from '../world/ledger.ts';
import type { World } from '../world/world.ts';

export function produce(world: World, number: number): void {
  const random = world.random.fork(`producer ${number}`);
  const pace = random.pick([20, 80, 300]) ?? 80;
  const wide = world.aboutLateRefusals ? 0.7 : 0.25;
  const next = (): void => {
    world.later(random.between(pace / 4, pace * 2), `producer ${number}`, () => {
      const table = random.pick(world.tableNames);
      if (table !== undefined) send(world, table, random.int(1, 6), random.chance(wide), random.chance(0.3));
      next();
    });
  };
  next();
}

/** One request to some daemon that is up; resolves nowhere: what comes of it is in the ledger. */
export function send(
  world: World,
  table: string,
  count: number,
  wide: boolean,
  waits: boolean,
  onEnd?: (request: SentRequest) => void,
  to?: Life,
): void {
  const { random } = world;
  const life = to ?? random.pick(world.lives.filter((candidate) => candidate.ingest !== undefined && candidate.alive));
  const request = world.ledger.sent(table, (id) => Array.from({ length: count }, (_, number) => row(id, number)));
  const ingest = life?.ingest;
  // A few requests have records that fit no table; a probe, which has one, has none.
  const bad = (request.bad = new Set(
    count > 1 && random.chance(0.2) ? request.rows.filter(() => random.chance(0.5)) : [],
  ));
  if (life === undefined || ingest === undefined) {
    request.state = 'refused';
    onEnd?.(request);
    return;
  }
  const answered = (answer: AppendAnswer): void => {
    if (world.faults.on('http-lost') && random.chance(world.trouble)) return;
    world.scheduler.after(random.between(0.2, 5), `answer r${request.id}`, () => {
      hear(world, life, request, answer, waits);
      onEnd?.(request);
    });
  };
  world.scheduler.after(random.between(0.2, 5), `send r${request.id} to ${life.name}`, () => {
    if (!life.alive) return;
    // The newest column of the table, as a producer that was told of it would use.
    const added = world.catalog.get({ namespace: ['ns'], name: table })?.schema.fields.at(-1)?.name ?? 'id';
    const body = bodyOf(request.rows, wide ? ['wide', added] : [], bad);
    const policy = bad.size > 0 || random.chance(0.3) ? { onError: 'dead_letter' as const } : {};
    ingest
      .append({
        table: { namespace: ['ns'], name: table },
        body,
        format: 'ndjson',
        ignoreUnknownFields: false,
        principal: 'p',
        ...policy,
      })
      .then(answered, (error: unknown) => {
        if (!isSluiceError(error, 'closed')) world.violation('I10', `append of r${request.id} threw ${String(error)}`);
      });
  });
}

function hear(world: World, life: Life, request: SentRequest, answer: AppendAnswer, waits: boolean): void {
  if (answer.kind !== 'durable') {
    world.scheduler.note(`${life.name} answers r${request.id}: ${answer.kind}`);
    if (request.stored !== undefined && answer.kind !== 'not-accepting')
      world.violation('I2', `r${request.id} was stored and answered ${answer.kind}`);
    request.state = 'refused';
    return;
  }
  request.state = 'acknowledged';
  request.acknowledgedAt = world.scheduler.now;
  world.scheduler.note(
    `${life.name} acknowledges r${request.id} ${request.table} ${answer.position.lane.slice(0, 6)}-${answer.position.offset}`,
  );
  if (waits) {
    request.awaits = life.name;
    answer.committed().then(
      (committed) => {
        request.awaits = undefined;
        request.committed = committed;
        world.scheduler.note(`${life.name} says r${request.id} is in ${committed.snapshot.toString().slice(0, 6)}`);
        world.invariants.reported(request, committed, life.recut.has(request.table));
      },
      () => {
        request.awaits = undefined;
      },
    );
  }
  world.later(world.random.between(1, 4_000), `ask r${request.id}`, () => askPosition(world, request));
}

/** A position that was given out is known for as long as the log is there, after restarts too. */
function askPosition(world: World, request: SentRequest): void {
  const { stored } = request;
  const life = world.lives.find((candidate) => candidate.volume.name === stored?.volume && candidate.state === 'ready');
  if (stored === undefined || life?.ingest === undefined || request.excused !== undefined) return;
  const name = { namespace: ['ns'], name: request.table };
  if (world.catalog.get(name)?.uuid !== stored.table || world.invariants.of(stored.table).wentBack) return;
  // Nobody remembers a lane of a lost log once it has left the progress.
  if (world.invariants.of(stored.table).pruned.has(stored.position.lane)) return;
  life.ingest.position(name, stored.position).then(
    (state) => {
      const current = world.catalog.get(name);
      if (state.kind === 'unknown-position' && request.excused === undefined && current?.uuid === stored.table)
        world.violation('I1', `position of r${request.id}, acknowledged, is unknown to ${life.name}`);
      if (state.kind === 'committed' && state.snapshot !== undefined && request.excused === undefined)
        world.invariants.reported(
          request,
          { snapshot: state.snapshot, at: state.at ?? 0 },
          life.recut.has(request.table),
        );
    },
    () => undefined,
  );
}
