/**
 * The signatures of one recipe variant as plain data: what crosses from the evaluator process to the
 * editor and the command line. Knows neither how they were computed nor how they are shown.
 */
import type { RecipeInfo, SkippedRecipe } from '../metadata/recipeInfo.ts';

/** A hash of BitBake's: 64 lower-case hexadecimal digits of a SHA-256. Never a key of ours. */
export type BitBakeHash = string & { readonly bitBakeHash: unique symbol };

/** Why a hash cannot be known, in a sentence that ends a line "unknown, because …". */
export interface Unknown {
  readonly unknown: string;
}

export interface TaskSignature {
  /** `do_install`. */
  readonly task: string;
  readonly basehash: BitBakeHash | Unknown;
  /** All variables and functions in the hash, sorted as they are hashed, the task itself excluded. */
  readonly dependencies: readonly string[];
}

/** One variable, flag (`VAR[flag]`) or function that enters at least one hash. */
export interface DependencyNode {
  /** What it names directly (`bb/data.py: build_dependencies`), sorted. */
  readonly dependencies: readonly string[];
  /** The text that is hashed for it; undefined where it has none. */
  readonly value: string | undefined;
}

/** Where a variable or function got its text: the last places first. `line` counts from 1. */
export interface Origin {
  readonly path: string;
  readonly line: number;
  /** BitBake's word: `set`, `set?`, `append`, `:append[override]`, … */
  readonly operation: string;
}

/** What was asked for besides. */
export interface VariantParts {
  /** What the task graph and taskhashes need to know of it; only where asked for, never of a failed variant. */
  readonly recipe?: RecipeInfo | SkippedRecipe;
}

export interface VariantSignatures extends VariantParts {
  /** BitBake's virtual file name: `virtual:native:/abs/zlib_1.3.bb`. */
  readonly mcfn: string;
  /** `''`, `native`, `lib32`, … */
  readonly variant: string;
  readonly pn: string;
  /** BitBake's reason why the variant is skipped; its tasks are then empty. */
  readonly skipped: string | undefined;
  /** Why BitBake could not parse it, where it could not; the hashes of its tasks are then unknown. */
  readonly failed: string | undefined;
  /** In BitBake's order of definition. */
  readonly tasks: readonly TaskSignature[];
  readonly nodes: ReadonlyMap<string, DependencyNode>;
}
