/**
 * Surveys of tables, kept and renewed beside the traffic: a few tables a round, the one longest not looked at first, none more often than
 * once a minute. Owns when to look; what is looked at is `iceberg/table-survey.ts`.
 */
import type { TableSurvey } from '../contracts/diagnosis.ts';
import type { HealthLevels } from '../contracts/service-ports.ts';
import { isSluiceError, messageOf } from '../core/errors.ts';
import { formatTableName, type PipelineId, type TableName, type TableUuid } from '../core/ids.ts';
import type { Clock } from '../core/runtime.ts';
import { healthOf, pointsLost, smallFilesRatio } from '../diagnose/health.ts';
import type { IcebergView } from '../iceberg/iceberg-format.ts';
import type { HealthHistory } from './health-history.ts';
import type { Warehouse } from './warehouse.ts';

const ROUND_MS = 15_000;
const RENEW_MS = 60_000;
const TABLES_A_ROUND = 8;
/** Who asks for one table wants to know how it is, not how it was a minute ago; who asks again and again does not add up. */
const FRESH_MS = 5_000;

export interface SurveyCacheParts {
  readonly warehouse: Pick<Warehouse, 'tables' | 'format' | 'surveys'>;
  readonly pipeline: PipelineId;
  readonly targetBytesOf: (view: IcebergView) => number;
  readonly clock: Clock;
  /** Told of every look that came to something, and which tables there are. */
  readonly history: Pick<HealthHistory, 'look' | 'retain'>;
}

export type Surveyed =
  | { readonly kind: 'surveyed'; readonly uuid: TableUuid; readonly survey: TableSurvey }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly cause: unknown };

export class SurveyCache {
  readonly #parts: SurveyCacheParts;
  /** With the monotonic time of the look. Only tables that are there: names from outside are not kept. */
  readonly #known = new Map<string, { readonly at: number; readonly looked: Surveyed }>();
  readonly #uuids = new Map<string, TableUuid>();
  /** Under way: whoever else asks waits for the same look. */
  readonly #looking = new Map<string, Promise<Surveyed>>();

  constructor(parts: SurveyCacheParts) {
    this.#parts = parts;
  }

  /** What is known; undefined for a table nobody has looked at yet. */
  get(name: TableName): Surveyed | undefined {
    return this.#known.get(formatTableName(name))?.looked;
  }

  /** Not older than a few seconds. */
  async fresh(name: TableName): Promise<Surveyed> {
    const known = this.#known.get(formatTableName(name));
    return known !== undefined && this.#parts.clock.monotonic() - known.at < FRESH_MS ? known.looked : this.#look(name);
  }

  /**
   * Ends when the signal aborts, without waiting for a look under way: that one only reads, and tells nobody how it ended. `onRound` is
   * called before each round.
   */
  async run(onRound: () => void, signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    while (!signal.aborted) {
      onRound();
      await Promise.race([this.#round(signal), aborted]);
      await this.#parts.clock.sleep(ROUND_MS, signal).catch((error: unknown) => {
        if (!isSluiceError(error, 'closed')) throw error;
      });
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { warehouse, clock } = this.#parts;
    const names = await warehouse.tables.list().catch(() => undefined);
    if (names === undefined) return;
    const keys = new Set(names.map(formatTableName));
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
    for (const key of this.#uuids.keys()) if (!keys.has(key)) this.#uuids.delete(key);
    const uuids = new Set(this.#uuids.values());
    warehouse.surveys.retain(uuids);
    this.#parts.history.retain(uuids);
    const now = clock.monotonic();
    const lookedAt = (name: TableName): number => this.#known.get(formatTableName(name))?.at ?? Number.MIN_SAFE_INTEGER;
    const due = names
      .filter((name) => now - lookedAt(name) >= RENEW_MS || this.get(name)?.kind === 'unreadable')
      .sort((a, b) => lookedAt(a) - lookedAt(b));
    for (const name of due.slice(0, TABLES_A_ROUND)) {
      if (signal.aborted) return;
      await this.#look(name);
    }
  }

  /** Never rejects. */
  #look(name: TableName): Promise<Surveyed> {
    const key = formatTableName(name);
    const looking =
      this.#looking.get(key) ??
      this.#survey(name, key).then((looked) => {
        this.#looking.delete(key);
        if (looked.kind === 'absent') this.#known.delete(key);
        else this.#known.set(key, { at: this.#parts.clock.monotonic(), looked });
        return looked;
      });
    this.#looking.set(key, looking);
    return looking;
  }

  async #survey(name: TableName, key: string): Promise<Surveyed> {
    const { warehouse, pipeline, targetBytesOf } = this.#parts;
    try {
      const loaded = await warehouse.format.load(name);
      if (loaded.kind === 'absent') return { kind: 'absent' };
      this.#uuids.set(key, loaded.view.uuid);
      const survey = await warehouse.surveys.look(loaded.view, pipeline, targetBytesOf(loaded.view));
      this.#parts.history.look(name, loaded.view.uuid, survey);
      return { kind: 'surveyed', uuid: loaded.view.uuid, survey };
    } catch (cause) {
      return { kind: 'unreadable', cause };
    }
  }
}

export function healthLevels(table: TableName, surveyed: Surveyed | undefined): HealthLevels | undefined {
  if (surveyed?.kind !== 'surveyed') return undefined;
  const { survey } = surveyed;
  const { score, factors } = healthOf(survey, formatTableName(table));
  const [worst] = factors;
  return {
    score,
    ...(worst === undefined ? {} : { worst: worst.cause }),
    files: survey.files,
    smallFilesRatio: smallFilesRatio(survey),
    snapshots: survey.snapshots,
    manifests: survey.manifests,
    lost: pointsLost(factors),
  };
}

export const causeOf = (surveyed: Surveyed | undefined): string | undefined =>
  surveyed?.kind === 'unreadable' ? messageOf(surveyed.cause) : undefined;
