/** The settings that hold at this moment. Owns the one reference that a reload replaces; who decides is `changes.ts`. */
import type { Settings } from './settings.ts';

export class LiveSettings {
  #current: Settings;

  constructor(settings: Settings) {
    this.#current = settings;
  }

  get current(): Settings {
    return this.#current;
  }

  replace(settings: Settings): void {
    this.#current = settings;
  }

  /** A section whose members read what holds at the moment they are read: for those who keep it over a reload. */
  section<K extends 'server' | 'checkpoint'>(name: K): Settings[K] {
    const view = {};
    for (const key of Object.keys(this.#current[name]))
      Object.defineProperty(view, key, {
        enumerable: true,
        get: () => (this.#current[name] as unknown as Readonly<Record<string, unknown>>)[key],
      });
    return view as Settings[K];
  }
}
