/** An `impact` report for a terminal of 80 columns: cause, size and cost on the first screen. */
import { counted, figure } from '../ide/wording.ts';
import type { ImpactReport } from './impactReport.ts';
import { type CauseOutline, outlineOf, type RecipeOutline, type ResultOutline } from './impactOutline.ts';

const WIDTH = 80;
const MOST_CAUSES = 12;
const MOST_RECIPES = 20;
const MOST_TASKS = 6;

export function textLines(report: ImpactReport): string[] {
  const { repositories, patches, results } = outlineOf(report);
  return [
    ...repositories.flatMap((repository) => wrapped(repository, '', '  ')),
    ...patches.flatMap((subject) => wrapped(subject, '  ', '    ')),
    ...results.flatMap((result) => ['', ...resultLines(result)]),
  ];
}

function resultLines({ title, warnings, isEmpty, figures, causes, recipes }: ResultOutline): string[] {
  const lines = [printable(title)];
  for (const warning of warnings) lines.push(...wrapped(`! ${warning}`, '  ', '    '));
  if (isEmpty) return [...lines, '  no hash changes'];
  for (const text of figures) lines.push(...wrapped(text, '  ', '    '));
  lines.push('', counted(causes.length, 'root cause'));
  causes.slice(0, MOST_CAUSES).forEach((cause, at) => lines.push(...causeLines(cause, at)));
  if (causes.length > MOST_CAUSES)
    lines.push(`  … and ${figure(causes.length - MOST_CAUSES)} more: --format json lists all`);
  lines.push('', counted(recipes.length, 'recipe'));
  for (const recipe of recipes.slice(0, MOST_RECIPES)) lines.push(...recipeLines(recipe));
  if (recipes.length > MOST_RECIPES)
    lines.push(`  … and ${figure(recipes.length - MOST_RECIPES)} more: --format json lists all`);
  return lines;
}

function causeLines({ place, what, reach, cost, examples }: CauseOutline, at: number): string[] {
  const number = `${at + 1}. `.padStart(5);
  const further = [reach, ...(cost === undefined ? [] : [cost])];
  if (examples.length > 0) further.push(`first ${examples.join(', ')}`);
  return [
    ...wrapped(`${place}  ${what}`, number, '       '),
    ...further.flatMap((text) => wrapped(text, '     ', '       ')),
  ];
}

function recipeLines({ recipe, status, taskhashes, basehashes }: RecipeOutline): string[] {
  const shown = basehashes.slice(0, MOST_TASKS).join(' ') + (basehashes.length > MOST_TASKS ? ' …' : '');
  const parts = [
    ...(taskhashes > 0 ? [counted(taskhashes, 'taskhash', 'taskhashes')] : []),
    ...(basehashes.length > 0 ? [`basehash of ${shown}`] : []),
  ];
  return wrapped(`${recipe}${status && ` (${status})`}: ${parts.join('; ')}`, '  ', '    ');
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
