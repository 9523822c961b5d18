/**
 * What evaluating a recipe yields, as plain data that can cross a process border.
 *
 * Read by `ide` and `cli`; made by the evaluator (`metadata` and `signature`).
 */
import type { Problem } from '../base/problem.ts';
import type { KnownRead } from '../inputs/reads.ts';
import type { Origin, VariantSignatures } from '../signature/signatures.ts';

/** Where a text that takes part in a recipe comes from. */
export interface SourceFile {
  readonly path: string;
  readonly role: 'recipe' | 'append' | 'class' | 'include' | 'configuration';
}

/** What of an evaluation is wanted, and what is known of it before. */
export interface EvaluationOptions {
  /** What hashes were made of (nodes, dependencies, origins), which is most of the answer, is left out. */
  readonly hashesOnly?: boolean | undefined;
  /** Each variant comes with what the task graph and taskhashes need to know of it. */
  readonly recipeInfo?: boolean | undefined;
  /** What hashes were made of is told when it is asked for: all of it, or what was not told before. */
  readonly ingredients?: 'from the start' | 'further' | undefined;
  /**
   * What Python was told to have done for the recipe in an earlier session with the same configuration, where all that
   * was read by others than those who evaluate metadata would be read the same.
   */
  readonly recollection?: string | undefined;
}

export interface RecipeEvaluation {
  /** Absolute path of the .bb file. */
  readonly path: string;
  /** Every variant, the plain one first, in BitBake's order; empty when nothing could be evaluated. */
  readonly variants: readonly VariantSignatures[];
  /** Everything wrong on the way, in any file that takes part. */
  readonly problems: readonly Problem[];
  /** The recipe, its appends, the classes and files it includes: what an edit must touch to matter. */
  readonly files: readonly SourceFile[];
  /** Where the names in the hashes got their text, of the plain variant; by name, latest first. */
  readonly origins: ReadonlyMap<string, readonly Origin[]>;
  /** Multiconfig -> the same of its first variant, of those multiconfigs that the plain variant is not of. */
  readonly originsElsewhere?: ReadonlyMap<string, ReadonlyMap<string, readonly Origin[]>>;
  /** Milliseconds the evaluation took, for `--verbose` and the benchmark. */
  readonly milliseconds: number;
}

/** How the configuration of the build directory was read. */
export interface ConfigurationSummary {
  /** The same as long as all files that its variables and Python were made of are: what recipes start from. */
  readonly identity: string;
  /** The same as long as its variables have the same values, the texts of functions apart that only hashes look at. */
  readonly values: string;
  readonly buildDir: string;
  /** Where BitBake's library was found; undefined: the built-in part of it is used. */
  readonly bitbakeDir: string | undefined;
  /** `2.18.0`; of the built-in part: that of the release it imitates. */
  readonly bitbakeVersion: string;
  readonly machine: string | undefined;
  readonly distro: string | undefined;
  /** BBMULTICONFIG, in its order. */
  readonly multiconfigs: readonly { readonly name: string; readonly machine: string | undefined }[];
  readonly layers: readonly { readonly name: string; readonly path: string; readonly priority: number }[];
  /** Every recipe file with the appends that apply to it, in BitBake's order. */
  readonly recipes: readonly { readonly path: string; readonly appends: readonly string[] }[];
  readonly problems: readonly Problem[];
  /** Why BitBake would refuse to go on, where it would: no hash of any recipe is known then. */
  readonly refused?: string;
}

/** What the configuration was made of: its variables, and which recipes there are. */
export interface ConfigurationReads {
  readonly parsed: readonly KnownRead[];
  readonly listed: readonly KnownRead[];
  /** Functions whose texts decided it. */
  readonly evaluated: readonly string[];
}

/** The final value of one variable of one variant, for a hover. */
export interface VariableInspection {
  readonly name: string;
  readonly unexpanded: string | undefined;
  readonly expanded: string | undefined;
  readonly flags: Readonly<Record<string, string>>;
  /** Where it got its text, latest first. */
  readonly origins: readonly Origin[];
  /** The same of its flags. */
  readonly flagOrigins: Readonly<Record<string, readonly Origin[]>>;
  /** What is hashed and leaves it out by a `vardepsexclude` of its own. */
  readonly excludedBy: readonly string[];
}

/** Variables of the configuration of one multiconfig (`''`: the plain one), expanded; those that are unset are left out. */
export interface ConfigurationValues {
  readonly multiconfig: string;
  readonly values: Readonly<Record<string, string>>;
  /** Why one of them is not certain, where that is so. */
  readonly doubt?: string;
}

/**
 * What the function of BB_SETSCENE_DEPVALID is asked: which setscene tasks can be done without, all that need them
 * being there (`bb/runqueue.py: RunQueueExecute.check_dependencies`).
 */
export interface DispensableQuestions {
  /** The name of the function. */
  readonly function: string;
  /** The tasks that questions name by number: what BitBake calls each, PN, task, and its file with the variant. */
  readonly tasks: readonly (readonly [id: string, pn: string, task: string, file: string])[];
  readonly questions: readonly {
    readonly task: number;
    /** What needs it. */
    readonly needing: readonly number[];
    /** Which of these are not needed themselves. */
    readonly notNeeded: readonly number[];
  }[];
}

/** What a recipe's Python is told that works out further DEPENDS from all recipes (`bb/taskdata.py: add_extra_deps`). */
export interface ExtraDependsQuestion {
  readonly pn: string;
  /** The body of `calculate_extra_depends`. */
  readonly function: string;
  readonly depends: readonly string[];
  readonly worldTargets: readonly string[];
  /** PN -> virtual file names. */
  readonly recipes: Readonly<Record<string, readonly string[]>>;
}

/** Tasks whose objects are looked for, as the check is told of them (`bb/runqueue.py: validate_hashes`). */
export interface ObjectPathsQuestion {
  /** Whether their signature data is looked for, not the objects. */
  readonly siginfo: boolean;
  readonly tasks: readonly ObjectTask[];
}

export interface ObjectTask {
  /** `MCFN:do_task`. */
  readonly tid: string;
  /** BB_HASHFILENAME of the recipe. */
  readonly hashFilename: string;
  readonly taskhash: string;
  readonly unihash: string;
}
