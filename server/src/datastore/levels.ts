/**
 * Where the variables of a datastore lie: those set in it, over those of the datastore that it was copied from.
 *
 * Knows names and flags; nothing of overrides, expansion or what a value means.
 */
import type { Value } from './value.ts';

/** What one variable has: its flags, `_content` being the value itself. */
export type Flags = Map<string, Value>;

/** One level of variables, over those of the datastore it was copied from. */
export class Level {
  readonly variables = new Map<string, Flags>();
  /** Names that contain `${` and ever had an entry here. */
  private readonly computed = new Set<string>();
  /** What was changed here after others were put over it. */
  private readonly late = new Set<string>();
  private isBelow = false;
  constructor(private readonly below: Level | undefined) {
    if (below) below.isBelow = true;
  }

  find(name: string): Flags | undefined {
    const own = this.variables.get(name);
    if (own) return own;
    for (let level = this.below; level; level = level.below) {
      const flags = level.variables.get(name);
      if (flags) return flags;
    }
    return undefined;
  }

  /** The flags to be changed at this level: those of the levels below, copied, where it has none of its own. */
  own(name: string): Flags {
    let flags = this.variables.get(name);
    if (this.isBelow) this.late.add(name);
    if (!flags) {
      if (name.includes('${')) this.computed.add(name);
      flags = new Map(this.find(name));
      this.variables.set(name, flags);
    }
    return flags;
  }

  /** Gives the name no flags at all here: it is deleted, also where a level below has some. */
  empty(name: string): void {
    if (this.isBelow) this.late.add(name);
    this.variables.set(name, new Map());
  }

  /** Every name that has flags and is not deleted, in no particular order. */
  names(): Set<string> {
    const names = new Set<string>();
    const deleted = new Set<string>();
    for (const level of this.downwards()) {
      for (const [name, flags] of level.variables) {
        if (deleted.has(name) || names.has(name)) continue;
        if (flags.size === 0) deleted.add(name);
        else names.add(name);
      }
    }
    return names;
  }

  /** The names with entries, deleted ones too, down to a level or all. */
  *mentioned(end: Level | undefined): Generator<string> {
    for (const level of this.downwards()) {
      if (level === end) return;
      yield* level.variables.keys();
    }
  }

  /** The names that contain `${`, deleted ones too. */
  computedNames(): Set<string> {
    const names = new Set<string>();
    for (const level of this.downwards()) {
      for (const name of level.computed) names.add(name);
    }
    return names;
  }

  /**
   * The names that have other flags here than another level has or had while others were put over it; as far as both
   * are not over the same levels.
   */
  differences(other: Level): Set<string> {
    const levels = [...this.downwards()];
    const others = [...other.downwards()];
    const shared = new Set(levels.filter((level) => others.includes(level)));
    const names = new Set<string>();
    for (const level of [...levels, ...others]) {
      if (shared.has(level)) continue;
      for (const name of level.variables.keys()) names.add(name);
    }
    for (const name of names) if (sameFlags(this.find(name), other.find(name))) names.delete(name);
    for (const level of others) if (!shared.has(level)) for (const name of level.late) names.add(name);
    return names;
  }

  private *downwards(): Generator<Level> {
    yield this;
    if (this.below) yield* this.below.downwards();
  }
}

/** A name without any flags is as one that is not there. */
function sameFlags(a: Flags | undefined, b: Flags | undefined): boolean {
  if (a === b) return true;
  if ((a?.size ?? 0) !== (b?.size ?? 0)) return false;
  for (const [flag, value] of a ?? []) if (!b!.has(flag) || !sameValue(value, b!.get(flag))) return false;
  return true;
}

function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (!Array.isArray(a) || !Array.isArray(b)) return false;
  return a.length === b.length && a.every((item, at) => sameValue(item as Value, b[at] as Value));
}
