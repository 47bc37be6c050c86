/**
 * The daemon's configuration over its life (`ConfigPort`): reads the file again, decides what changes, and has every part that takes
 * changes prepare before any of them applies. Owns the order; what a change means is `config/changes.ts`, who takes it is `register`.
 */
import { settingsChanges, type SettingsChanges } from '../config/changes.ts';
import { describeSettings } from '../config/describe.ts';
import type { LiveSettings } from '../config/live-settings.ts';
import { formatFault, parseSettings, systemSources, type LoadedConfig } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { ConfigFault, ConfigPort, ReloadOutcome, RunningConfig } from '../contracts/config-port.ts';
import type { TableDefinition } from '../contracts/tables.ts';
import { isSluiceError, messageOf } from '../core/errors.ts';

/** A part of the daemon that takes changes while it runs: settings, or the contents of files that settings name. */
export interface Reloadable {
  readonly name: string;
  /** All that can fail, without a change to anything. Undefined: nothing new for this part. */
  prepare(next: Settings): Promise<Prepared | undefined>;
}

export interface Prepared {
  /** What changes beside settings, as people call it: `auth.keys_file (contents)`. */
  readonly applied?: readonly string[];
  /** Must not fail: the others have applied already. */
  apply(): void;
}

export interface ConfigurationParts {
  readonly live: LiveSettings;
  /** Reads the file again; may throw `misconfigured`. Absent: the daemon was started without a file. */
  readonly reread?: () => LoadedConfig;
  /** Creates a table unless it is there. */
  readonly createTable: (definition: TableDefinition) => Promise<unknown>;
  readonly log: {
    info(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
}

const UNREAD = 'unread';

export class Configuration implements ConfigPort {
  readonly #parts: ConfigurationParts;
  readonly #reloadables: Reloadable[] = [];
  #needsRestart: readonly string[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ConfigurationParts) {
    this.#parts = parts;
  }

  register(part: Reloadable): void {
    this.#reloadables.push(part);
  }

  running(): RunningConfig {
    const { current } = this.#parts.live;
    return {
      ...(current.source === undefined ? {} : { source: current.source }),
      settings: describeSettings(current),
      needsRestart: this.#needsRestart,
    };
  }

  validate(text: string): readonly ConfigFault[] {
    // A fault may quote a value: a request may not have this machine's files and variables read into one.
    const loaded = parseSettings(text, 'request', { ...systemSources(), standIn: UNREAD });
    return loaded.kind === 'invalid' ? loaded.faults : [];
  }

  reload(): Promise<ReloadOutcome> {
    const outcome = this.#last.then(() => this.#reload());
    this.#last = outcome;
    return outcome;
  }

  async #reload(): Promise<ReloadOutcome> {
    let outcome: ReloadOutcome;
    try {
      outcome = await this.#attempt();
    } catch (error) {
      const remedy = isSluiceError(error) ? error.remedy : undefined;
      outcome = { kind: 'refused', reason: messageOf(error), remedy: remedy ?? 'see the message, then reload again' };
    }
    this.#report(outcome);
    return outcome;
  }

  async #attempt(): Promise<ReloadOutcome> {
    const { live, reread } = this.#parts;
    if (reread === undefined)
      return {
        kind: 'refused',
        reason: 'the daemon was started without a configuration file',
        remedy: 'start it with `sluice run -c FILE`',
      };
    const loaded = reread();
    if (loaded.kind === 'invalid') return loaded;
    const changes = settingsChanges(live.current, loaded.settings);
    const prepared = await this.#prepare(changes);
    // From here on nothing waits and nothing fails: a reload is carried out whole.
    live.replace(changes.settings);
    for (const part of prepared) part.apply();
    this.#needsRestart = changes.needsRestart;
    return {
      kind: 'reloaded',
      applied: [...changes.applied, ...prepared.flatMap(({ applied }) => applied ?? [])],
      needsRestart: changes.needsRestart,
      noEffect: changes.noEffect,
    };
  }

  async #prepare({ settings, newTables }: SettingsChanges): Promise<readonly Prepared[]> {
    const prepared: Prepared[] = [];
    for (const part of this.#reloadables) {
      const ready = await part.prepare(settings);
      if (ready !== undefined) prepared.push(ready);
    }
    // Last, as it cannot be taken back; a table that was created before a later one failed is found by the next reload.
    for (const definition of newTables) await this.#parts.createTable(definition);
    return prepared;
  }

  #report(outcome: ReloadOutcome): void {
    const { log } = this.#parts;
    switch (outcome.kind) {
      case 'reloaded': {
        const { applied, needsRestart, noEffect } = outcome;
        log.info({ applied, needs_restart: needsRestart, no_effect: noEffect }, 'configuration reloaded');
        return;
      }
      case 'invalid':
        log.error({ faults: outcome.faults.map(formatFault) }, 'the configuration is not valid; nothing was changed');
        return;
      case 'refused':
        log.error({ reason: outcome.reason, try: outcome.remedy }, 'configuration not reloaded; nothing was changed');
    }
  }
}
