/**
 * Manifests of a table clustered by partition, group by group, each committed by itself. Owns the order and when a group is given up; which
 * manifests and how they look is the format's.
 */
import type { Locations } from '../contracts/locations.ts';
import type { JobReport } from '../contracts/maintenance-port.ts';
import type { MaintenanceFormat, ManifestGroup, PreparedManifests } from '../contracts/maintenance.ts';
import type { TableFormat, TableView } from '../contracts/table-format.ts';
import { snapshotId } from '../core/ids.ts';
import { positive63, type Runtime } from '../core/runtime.ts';
import { commitRewrite, type CommitTarget } from './commit-replace.ts';

export interface ManifestRewriterParts<V extends TableView, M extends PreparedManifests> {
  readonly tables: Pick<TableFormat<V>, 'load' | 'landed'>;
  readonly format: Pick<
    MaintenanceFormat<V, never, M>,
    'planManifests' | 'prepareManifests' | 'manifestsReplaceable' | 'attemptManifests'
  >;
  readonly locations: Locations;
  readonly runtime: Runtime;
  /** Resolves when ingestion has no need of the machine. */
  readonly calm: (signal: AbortSignal) => Promise<void>;
}

export interface ManifestsResult {
  readonly groupsCommitted: number;
  readonly groupsDropped: number;
  readonly manifestsRemoved: number;
  readonly manifestsAdded: number;
}

export class ManifestRewriter<V extends TableView, M extends PreparedManifests> {
  readonly #parts: ManifestRewriterParts<V, M>;

  constructor(parts: ManifestRewriterParts<V, M>) {
    this.#parts = parts;
  }

  plan(view: V): Promise<readonly ManifestGroup[]> {
    return this.#parts.format.planManifests(view);
  }

  /** Rejects with kind `closed` when the signal aborts; what was committed stays. */
  async run(target: CommitTarget, view: V, report: JobReport, signal: AbortSignal): Promise<ManifestsResult> {
    const groups = await this.plan(view);
    const total = groups.reduce((sum, { bytes }) => sum + Number(bytes), 0);
    const result = { groupsCommitted: 0, groupsDropped: 0, manifestsRemoved: 0, manifestsAdded: 0 };
    let [base, done]: [V, number] = [view, 0];
    for (const group of groups) {
      await this.#parts.calm(signal);
      const committed = await this.#rewrite(target, base, group, report, signal);
      if (committed === undefined) result.groupsDropped += 1;
      else {
        base = committed.view;
        result.groupsCommitted += 1;
        result.manifestsRemoved += group.paths.length;
        result.manifestsAdded += committed.written;
      }
      done += Number(group.bytes);
      report.progress(done, total);
    }
    return result;
  }

  async #rewrite(
    target: CommitTarget,
    base: V,
    group: ManifestGroup,
    report: JobReport,
    signal: AbortSignal,
  ): Promise<{ readonly view: V; readonly written: number } | undefined> {
    const { format, runtime } = this.#parts;
    const token = snapshotId(positive63(runtime.random));
    const uploadedAt = runtime.clock.now();
    // Before the queue: what is slow holds up no checkpoint. Manifests of an older schema stay right.
    const prepared = await format.prepareManifests(base, group, token);
    const rewriting = {
      prepare: () => Promise.resolve(prepared),
      replaceable: (now: V) => format.manifestsReplaceable(now, prepared),
      attempt: (now: V) => format.attemptManifests(now, prepared),
    };
    const end = await commitRewrite(
      this.#parts,
      target,
      token,
      rewriting,
      { files: prepared.written, uploadedAt },
      (state, cause) => report.log(`${state}: ${cause}`),
      signal,
    );
    if (end.kind === 'committed') {
      report.log(`${group.paths.length} manifests became ${prepared.written.length}`);
      return { view: end.view, written: prepared.written.length };
    }
    report.log(
      `a group of ${group.paths.length} manifests was dropped: ${end.kind === 'dropped' ? end.why : end.kind}`,
    );
    return undefined;
  }
}
