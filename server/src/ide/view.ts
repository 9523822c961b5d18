/**
 * What is known of one open document: the recipe that gives its tasks a meaning, that recipe's evaluation as the
 * editor has it and as the baseline has it.
 *
 * Everything in `ide` is computed from this, the document's tree and a position. Paths are all spelled alike (the
 * caller has resolved symbolic links and `..`), so that they can be compared. Knows no editor and reads nothing.
 */
import type { Problem } from '../base/problem.ts';
import type { SourceFile, RecipeEvaluation } from '../engine/results.ts';
import type { Unknown, TaskSignature, VariantSignatures } from '../signature/signatures.ts';
import { multiconfigOf } from '../signature/table.ts';
import type { SyntaxTree } from '../syntax/tree.ts';

/** Why there is no evaluation. */
export interface Failure {
  readonly message: string;
  /** Where the evaluation was when it was stopped; `line` counts from 1. */
  readonly where: { readonly path: string; readonly line: number } | undefined;
}

export interface View {
  /** The document. */
  readonly path: string;
  /** The .bb file that is evaluated for it; undefined where none is known to use it. */
  readonly recipe: string | undefined;
  /** With the texts of the open documents. */
  readonly current: RecipeEvaluation | undefined;
  /** With their baseline texts; undefined where it cannot be told, then nothing counts as changed. */
  readonly baseline: RecipeEvaluation | undefined;
  readonly failure: Failure | undefined;
  /** What is doubtful about the hashes; empty until it has been asked for. */
  readonly advice: readonly Problem[];
}

/** The tree of a file's present text; undefined where it cannot be read. */
export type Trees = (path: string) => SyntaxTree | undefined;

/** The variant that speaks for the recipe: the plain one of the multiconfig that was chosen. */
export function plainVariant(evaluation: RecipeEvaluation | undefined): VariantSignatures | undefined {
  return evaluation?.variants[0];
}

/** The variant as a target that BitBake is given; undefined where it provides nothing. */
export function targetOf(variant: VariantSignatures | undefined): string | undefined {
  return variant?.skipped === undefined ? variant && variantName(variant) : undefined;
}

/** PN, after `mc:NAME:` where it is one of a multiconfig. */
export function variantName({ pn, mcfn }: Pick<VariantSignatures, 'pn' | 'mcfn'>): string {
  const multiconfig = multiconfigOf(mcfn);
  return multiconfig === '' ? pn : `mc:${multiconfig}:${pn}`;
}

/**
 * The evaluation with one multiconfig's variants first, so that they speak for the recipe; as it is where the multiconfig
 * does not have the recipe.
 */
export function spokenFor(evaluation: RecipeEvaluation, multiconfig: string): RecipeEvaluation {
  const own = evaluation.variants.filter(({ mcfn }) => multiconfigOf(mcfn) === multiconfig);
  if (own.length === 0 || own[0] === evaluation.variants[0]) return evaluation;
  return {
    ...evaluation,
    variants: [...own, ...evaluation.variants.filter((variant) => !own.includes(variant))],
    origins: evaluation.originsElsewhere?.get(multiconfig) ?? new Map(),
  };
}

export function taskOf(variant: VariantSignatures | undefined, task: string): TaskSignature | undefined {
  return variant?.tasks.find((known) => known.task === task);
}

/** The same variant in another evaluation. */
export function counterpart(
  variant: VariantSignatures,
  evaluation: RecipeEvaluation | undefined,
): VariantSignatures | undefined {
  return evaluation?.variants.find(({ mcfn }) => mcfn === variant.mcfn);
}

export function isUnknown(hash: TaskSignature['basehash']): hash is Unknown {
  return typeof hash !== 'string';
}

/** The first eight digits: enough to tell two hashes apart at a glance. */
export function shortHash(hash: string): string {
  return hash.slice(0, 8);
}

/** Whether a file takes part in an evaluation. */
export function takesPart(path: string, evaluation: RecipeEvaluation): SourceFile | undefined {
  return evaluation.files.find((file) => file.path === path);
}
