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
  constructor(private readonly below: Level | undefined) {}

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
    if (!flags) {
      if (name.includes('${')) this.computed.add(name);
      flags = new Map(this.find(name));
      this.variables.set(name, flags);
    }
    return flags;
  }

  /** Gives the name no flags at all here: it is deleted, also where a level below has some. */
  empty(name: string): void {
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

  /** The names that contain `${`, deleted ones too. */
  computedNames(): Set<string> {
    const names = new Set<string>();
    for (const level of this.downwards()) {
      for (const name of level.computed) names.add(name);
    }
    return names;
  }

  private *downwards(): Generator<Level> {
    yield this;
    if (this.below) yield* this.below.downwards();
  }
}
