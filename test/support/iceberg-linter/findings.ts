/** What the linter found, each with the number of the rule in the writer checklist (or `c8.x` of the conformance page). */

export interface Finding {
  readonly rule: string;
  /** File, and place in it. */
  readonly where: string;
  readonly problem: string;
}

export class Findings {
  readonly all: Finding[] = [];

  add(rule: string, where: string, problem: string): void {
    this.all.push({ rule, where, problem });
  }

  /** Adds a finding when the condition does not hold; answers the condition. */
  check(holds: boolean, rule: string, where: string, problem: string): boolean {
    if (!holds) this.add(rule, where, problem);
    return holds;
  }
}

export const show = (value: unknown): string =>
  typeof value === 'bigint'
    ? value.toString()
    : (JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)) ?? 'nothing');
