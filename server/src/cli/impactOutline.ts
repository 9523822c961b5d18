/**
 * What all formats of an `impact` report say, in the same words and the same order: what matters most first. How it is
 * laid out, and what would count as markup there, is theirs.
 */
import { causeText, costText, countsText, reachText } from '../ide/impactWords.ts';
import { counted } from '../ide/wording.ts';
import type {
  ImpactReport,
  ReportedCause,
  ReportedRecipe,
  ReportedRepository,
  ReportedResult,
} from './impactReport.ts';

/** What became of a recipe, `renamed from zlib_1.3.1.bb`; '' where it is there as before. */
function statusText({ status, was, path }: ReportedRecipe): string {
  if (status === 'changed') return '';
  if (was === null) return status;
  const [old, name] = [was, path].map((file) => file.slice(file.lastIndexOf('/') + 1));
  return old === name ? `moved from ${was}` : `${status} from ${old}`;
}

/** `meta/classes-global/base.bbclass:123-125`. */
export function placeText({ path, lines }: Pick<ReportedCause, 'path' | 'lines'>): string {
  if (!lines) return path;
  const [first, last] = lines;
  return `${path}:${first}${last > first ? `-${last}` : ''}`;
}

/** `openembedded-core: origin/master (1234567890ab) to the working tree`. */
function repositoryText({ repository, base, head, patches }: ReportedRepository): string {
  const from = base ? `${base.name} (${base.commit.slice(0, 12)})` : undefined;
  if (patches.length > 0) return `${repository}: ${counted(patches.length, 'patch', 'patches')} on ${from}`;
  const to = head ? `${head.name} (${head.commit.slice(0, 12)})` : 'the working tree';
  return from === undefined ? `${repository}: the same in both` : `${repository}: ${from} to ${to}`;
}

/** `qemux86-64, universe`. */
function resultTitle({ machine, targets }: ReportedResult): string {
  return [machine ?? 'no MACHINE', targets.join(' ')].join(', ');
}

/** Whether anything changes at all. */
function isEmpty({ basehashes, taskhashes }: ReportedResult): boolean {
  return [basehashes, taskhashes].every(
    ({ changed, added, removed, unknown }) => changed + added + removed + unknown === 0,
  );
}

/** Recipes by how they are concerned: with changes of their own first, then by how many tasks change. */
function byConcern(recipes: readonly ReportedRecipe[]): ReportedRecipe[] {
  return [...recipes].sort(
    (a, b) =>
      Number(b.basehashes.length > 0) - Number(a.basehashes.length > 0) ||
      b.taskhashes.length - a.taskhashes.length ||
      (a.recipe < b.recipe ? -1 : 1),
  );
}

/** What the reader must know before the figures. */
function warnings({ repositories }: ImpactReport, { complete, problems }: ReportedResult): string[] {
  const found: string[] = [];
  if (!complete)
    found.push('Not every recipe could be evaluated in both states: there may be more changes than these.');
  for (const problem of problems) found.push(`BitBake would stop at: ${problem}`);
  for (const { repository, submodules } of repositories) {
    if (submodules.length > 0) {
      found.push(
        `${repository} has other commits of submodules (${submodules.join(', ')}): what changes in them is not seen.`,
      );
    }
  }
  return found;
}

/** A report in words. */
export interface ReportOutline {
  readonly repositories: readonly string[];
  /** The subjects of patches that the head is made of. */
  readonly patches: readonly string[];
  readonly results: readonly ResultOutline[];
}

export interface ResultOutline {
  readonly title: string;
  readonly warnings: readonly string[];
  /** Nothing changes: the rest has nothing to say. */
  readonly isEmpty: boolean;
  /** How much changes, and what it costs. */
  readonly figures: readonly string[];
  readonly causes: readonly CauseOutline[];
  /** Those with changes of their own first, then by how many tasks change. */
  readonly recipes: readonly RecipeOutline[];
}

export interface CauseOutline {
  readonly place: string;
  readonly repository: string | null;
  readonly what: string;
  readonly reach: string;
  /** Undefined: nothing is lost, or nobody looked. */
  readonly cost: string | undefined;
  /** How many sstate objects are lost; undefined: nobody looked. */
  readonly lost: number | undefined;
  readonly examples: readonly string[];
}

export interface RecipeOutline {
  readonly recipe: string;
  readonly path: string;
  /** '': it is there as before. */
  readonly status: string;
  readonly taskhashes: number;
  /** The tasks whose basehash changes. */
  readonly basehashes: readonly string[];
}

export function outlineOf(report: ImpactReport): ReportOutline {
  return {
    repositories: report.repositories.map(repositoryText),
    patches: report.repositories.flatMap(({ patches }) => patches),
    results: report.results.map((result): ResultOutline => {
      const { basehashes, taskhashes, sstate, causes, recipes } = result;
      const cost = costText(sstate);
      return {
        title: resultTitle(result),
        warnings: warnings(report, result),
        isEmpty: isEmpty(result),
        figures: [
          countsText(taskhashes, 'taskhash'),
          countsText(basehashes, 'basehash'),
          ...(cost === undefined ? [] : [cost]),
        ],
        causes: causes.map(causeOutline),
        recipes: byConcern(recipes).map((recipe) => ({
          recipe: recipe.recipe,
          path: recipe.path,
          status: statusText(recipe),
          taskhashes: recipe.taskhashes.length,
          basehashes: recipe.basehashes.map(({ task }) => task),
        })),
      };
    }),
  };
}

function causeOutline(cause: ReportedCause): CauseOutline {
  const { repository, sstate, examples } = cause;
  return {
    place: placeText(cause),
    repository,
    what: causeText(cause),
    reach: reachText(cause),
    cost: sstate && sstate.lost + sstate.unknown > 0 ? costText(sstate) : undefined,
    lost: sstate?.lost,
    examples,
  };
}
