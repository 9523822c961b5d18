/**
 * What `impact` found as a document with a stable form, described in `schemas/impact.schema.json`; every format is made
 * from it alone. Paths are relative to their repository, so that the document means the same everywhere.
 */
import { relative } from 'node:path';
import type { Problem } from '../base/problem.ts';
import type { CauseImpact, Cost, Counts, RecipeStatus, TaskChangeEntry } from '../ide/impact.ts';
import type { Review } from '../ide/review.ts';
import type { BitBakeHash, Unknown } from '../signature/signatures.ts';
import { splitVirtual } from '../signature/table.ts';
import type { ReviewedRepository } from '../host/reviewStates.ts';

export const REPORT_FORMAT = 'sstate-lens-impact';
export const REPORT_VERSION = 1;

/** Where something is: of what is in no repository, `repository` is null and `path` absolute. */
export interface Place {
  readonly repository: string | null;
  readonly path: string;
}

export interface ReportedCommit {
  readonly commit: string;
  readonly name: string;
}

export interface ReportedRepository {
  readonly repository: string;
  /** Null: the same as the head. */
  readonly base: ReportedCommit | null;
  /** Null: as it is on disk, or the base with patches. */
  readonly head: ReportedCommit | null;
  readonly patches: readonly string[];
  readonly submodules: readonly string[];
}

export interface ReportedCause extends Place, Omit<CauseImpact, 'path' | 'lines' | 'cost'> {
  /** From 1, both included; null: the file as a whole. */
  readonly lines: readonly [number, number] | null;
  readonly sstate: Cost | null;
}

export interface ReportedTask extends Omit<TaskChangeEntry, 'before' | 'after'> {
  /** Null: it has none. Of what cannot be known, an object that says why. */
  readonly before: BitBakeHash | Unknown | null;
  readonly after: BitBakeHash | Unknown | null;
}

export interface ReportedRecipe extends Place {
  readonly recipe: string;
  /** What stands before the path in BitBake's virtual file name: `virtual:native:`. */
  readonly variant: string;
  /** The path that it had. */
  readonly was: string | null;
  readonly status: RecipeStatus;
  readonly basehashes: readonly ReportedTask[];
  readonly taskhashes: readonly ReportedTask[];
}

export interface ReportedResult {
  readonly machine: string | null;
  readonly distro: string | null;
  readonly targets: readonly string[];
  /** Whether every recipe could be evaluated in both states. */
  readonly complete: boolean;
  /** What BitBake would stop at in the head state only. */
  readonly problems: readonly string[];
  readonly basehashes: Counts;
  readonly taskhashes: Counts;
  readonly sstate: Cost | null;
  readonly causes: readonly ReportedCause[];
  readonly recipes: readonly ReportedRecipe[];
}

export interface ImpactReport {
  readonly format: typeof REPORT_FORMAT;
  readonly version: typeof REPORT_VERSION;
  readonly repositories: readonly ReportedRepository[];
  /** One for each machine. */
  readonly results: readonly ReportedResult[];
}

/** How places are told: by repository. */
export type Placing = (path: string) => Place;

export function placing(repositories: readonly { readonly top: string }[]): Placing {
  const tops = repositories.map(({ top }) => top).sort((a, b) => b.length - a.length);
  return (path) => {
    const top = tops.find((known) => path.startsWith(`${known}/`));
    if (top === undefined) return { repository: null, path };
    return { repository: repositoryName(top), path: relative(top, path) };
  };
}

function repositoryName(top: string): string {
  return top.slice(top.lastIndexOf('/') + 1);
}

export function impactReport(
  repositories: readonly ReviewedRepository[],
  results: readonly ReportedResult[],
): ImpactReport {
  return {
    format: REPORT_FORMAT,
    version: REPORT_VERSION,
    repositories: repositories.map(({ top, base, head, patches, submodules }) => ({
      repository: repositoryName(top),
      base: base ?? null,
      head: head ?? null,
      patches,
      submodules,
    })),
    results,
  };
}

export function reportedResult(
  { impact, head, newProblems, complete }: Review,
  targets: readonly string[],
  placeOf: Placing,
): ReportedResult {
  const { basehashes, taskhashes, cost, causes, recipes } = impact;
  return {
    machine: head.machine ?? null,
    distro: head.distro ?? null,
    targets,
    complete,
    problems: newProblems.map((problem) => problemText(problem, placeOf)),
    basehashes,
    taskhashes,
    sstate: cost ?? null,
    causes: causes.map((cause) => reportedCause(cause, placeOf)),
    recipes: recipes.map(({ recipe, mcfn, was, status, basehashes, taskhashes }) => {
      const { prefix, path } = splitVirtual(mcfn);
      return {
        recipe,
        variant: prefix,
        ...placeOf(path),
        was: was === undefined ? null : placeOf(splitVirtual(was).path).path,
        status,
        basehashes: basehashes.map(reportedTask),
        taskhashes: taskhashes.map(reportedTask),
      };
    }),
  };
}

function reportedCause({ path, lines, cost, ...cause }: CauseImpact, placeOf: Placing): ReportedCause {
  return { ...placeOf(path), ...cause, lines: lines ?? null, sstate: cost ?? null };
}

function reportedTask({ task, status, before, after, causes }: TaskChangeEntry): ReportedTask {
  return { task, status, before: before ?? null, after: after ?? null, causes };
}

function problemText({ path, range, message }: Problem, placeOf: Placing): string {
  if (!path) return message;
  return `${placeOf(path).path}${range ? `:${range.start.line + 1}` : ''}: ${message}`;
}
