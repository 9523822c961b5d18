/** An `impact` report for a terminal of 80 columns: cause, size and cost on the first screen. */
import type { ImpactReport, ReportedCause, ReportedRecipe, ReportedResult } from './impactReport.ts';
import {
  byConcern,
  causeText,
  costText,
  counted,
  countsText,
  figure,
  isEmpty,
  placeText,
  reachText,
  repositoryText,
  resultTitle,
  warnings,
} from './impactWords.ts';

const WIDTH = 80;
const MOST_CAUSES = 12;
const MOST_RECIPES = 20;
const MOST_TASKS = 6;

export function textLines(report: ImpactReport): string[] {
  const lines = report.repositories.flatMap((repository) => wrapped(repositoryText(repository), '', '  '));
  for (const repository of report.repositories)
    for (const subject of repository.patches) lines.push(...wrapped(subject, '  ', '    '));
  for (const result of report.results) lines.push('', ...resultLines(report, result));
  return lines;
}

function resultLines(report: ImpactReport, result: ReportedResult): string[] {
  const { basehashes, taskhashes, sstate, causes, recipes } = result;
  const lines = [printable(resultTitle(result))];
  for (const warning of warnings(report, result)) lines.push(...wrapped(`! ${warning}`, '  ', '    '));
  if (isEmpty(result)) return [...lines, '  no hash changes'];
  lines.push(...wrapped(countsText(taskhashes, 'taskhash'), '  ', '    '));
  lines.push(...wrapped(countsText(basehashes, 'basehash'), '  ', '    '));
  const cost = costText(sstate);
  if (cost !== undefined) lines.push(...wrapped(cost, '  ', '    '));
  lines.push('', counted(causes.length, 'root cause'));
  causes.slice(0, MOST_CAUSES).forEach((cause, at) => lines.push(...causeLines(cause, at)));
  if (causes.length > MOST_CAUSES)
    lines.push(`  … and ${figure(causes.length - MOST_CAUSES)} more: --format json lists all`);
  lines.push('', counted(recipes.length, 'recipe'));
  for (const recipe of byConcern(recipes).slice(0, MOST_RECIPES)) lines.push(...recipeLines(recipe));
  if (recipes.length > MOST_RECIPES)
    lines.push(`  … and ${figure(recipes.length - MOST_RECIPES)} more: --format json lists all`);
  return lines;
}

function causeLines(cause: ReportedCause, at: number): string[] {
  const { examples, sstate } = cause;
  const number = `${at + 1}. `.padStart(5);
  const lines = wrapped(`${placeText(cause)}  ${causeText(cause)}`, number, '       ');
  lines.push(...wrapped(reachText(cause), '     ', '       '));
  const cost = costText(sstate);
  if (cost !== undefined) lines.push(...wrapped(cost, '     ', '       '));
  if (examples.length > 0) lines.push(...wrapped(`first ${examples.join(', ')}`, '     ', '       '));
  return lines;
}

function recipeLines({ recipe, status, basehashes, taskhashes }: ReportedRecipe): string[] {
  const own = basehashes.map(({ task }) => task);
  const shown = own.slice(0, MOST_TASKS).join(' ') + (own.length > MOST_TASKS ? ' …' : '');
  const head = `${recipe}${status === 'changed' ? '' : ` (${status})`}: ${counted(taskhashes.length, 'taskhash', 'taskhashes')}`;
  const text = own.length === 0 ? head : `${head}; basehash of ${shown}`;
  return wrapped(text, '  ', '    ');
}

/** Broken at blanks; words that are longer than a line stay whole. */
function wrapped(text: string, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let isNew = true;
  for (const word of printable(text).split(' ')) {
    if (!isNew && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest;
      isNew = true;
    }
    line += isNew ? word : ` ${word}`;
    isNew = false;
  }
  return [...lines, line];
}

/** Nothing of a workspace is to steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
