/**
 * An `impact` report as Markdown, for a comment on a pull request: cause, size and cost first, the rest folded away;
 * never longer than a comment may be.
 */
import type { ImpactReport, ReportedCause, ReportedResult } from './impactReport.ts';
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

/** What GitHub takes as a comment. */
const LONGEST = 65_000;
const SHOWN_CAUSES = 10;
const MOST_CAUSES = 100;
const MOST_RECIPES = 200;
const MOST_TASKS = 6;

export function markdownReport(report: ImpactReport): string {
  // Fewer recipes and causes until it fits.
  for (let part = 1; ; part /= 2) {
    const text = reportText(report, part);
    if (text.length <= LONGEST) return text;
    if (part < 1 / 1024) return `${text.slice(0, LONGEST - 1)}…`;
  }
}

function reportText(report: ImpactReport, part: number): string {
  const blocks = ['### What this changes in sstate'];
  for (const result of report.results) blocks.push(...resultBlocks(report, result, part));
  const repositories = report.repositories.map((repository) => `- ${escaped(repositoryText(repository))}`);
  blocks.push(`<sub>\n\n${repositories.join('\n')}\n\n</sub>`);
  return `${blocks.join('\n\n')}\n`;
}

function resultBlocks(report: ImpactReport, result: ReportedResult, part: number): string[] {
  const { basehashes, taskhashes, sstate, causes, recipes } = result;
  const blocks = [`#### ${escaped(resultTitle(result))}`];
  const notes = warnings(report, result);
  if (notes.length > 0) blocks.push(notes.map((note) => `> ⚠ ${escaped(note)}`).join('\n>\n'));
  if (isEmpty(result)) return [...blocks, 'No hash changes.'];
  const cost = costText(sstate);
  blocks.push(
    [
      `- **${escaped(countsText(taskhashes, 'taskhash'))}**`,
      `- ${escaped(countsText(basehashes, 'basehash'))}`,
      ...(cost === undefined ? [] : [`- ${escaped(cost)}`]),
    ].join('\n'),
  );
  const most = Math.max(SHOWN_CAUSES, Math.floor(MOST_CAUSES * part));
  blocks.push(causeTable(causes.slice(0, SHOWN_CAUSES)));
  const others = causes.slice(SHOWN_CAUSES, most);
  if (others.length > 0)
    blocks.push(folded(`${counted(others.length, 'more root cause')}`, causeTable(others)));
  if (causes.length > Math.max(most, SHOWN_CAUSES))
    blocks.push(`… and ${figure(causes.length - most)} more root causes.`);
  const listed = byConcern(recipes).slice(0, Math.floor(MOST_RECIPES * part));
  if (listed.length > 0) {
    const rows = listed.map(({ recipe, status, basehashes: own, taskhashes: all }) => {
      const names = own.map(({ task }) => task);
      const shown = names.slice(0, MOST_TASKS).map(code).join(' ') + (names.length > MOST_TASKS ? ' …' : '');
      return `| ${code(recipe)} | ${status} | ${figure(all.length)} | ${shown} |`;
    });
    const table = ['| recipe | | taskhashes | basehash of |', '|---|---|---:|---|', ...rows].join('\n');
    const rest = recipes.length - listed.length;
    const more = rest > 0 ? `\n\n… and ${counted(rest, 'more recipe')}.` : '';
    blocks.push(folded(counted(recipes.length, 'recipe'), table + more));
  }
  return blocks;
}

function causeTable(causes: readonly ReportedCause[]): string {
  const hasCost = causes.some(({ sstate }) => sstate);
  const rows = causes.map((cause) => {
    const cost = hasCost ? ` ${figure(cause.sstate?.lost ?? 0)} |` : '';
    return `| ${code(placeText(cause))}<br>${escaped(causeText(cause))} | ${reachText(cause)} |${cost}`;
  });
  const head = hasCost
    ? ['| root cause | reaches | sstate objects lost |', '|---|---|---:|']
    : ['| root cause | reaches |', '|---|---|'];
  return [...head, ...rows].join('\n');
}

function folded(title: string, text: string): string {
  return `<details><summary>${escaped(title)}</summary>\n\n${text}\n\n</details>`;
}

/** Text of a workspace, of which nothing is to count as Markdown or HTML, nor to mention anybody. */
function escaped(text: string): string {
  return clean(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#+!|~]/g, '\\$&')
    .replace(/@/g, '@\u200b')
    .replace(/:\/\//g, ':\u200b//');
}

/** The same in a code span. */
function code(text: string): string {
  return `<code>${clean(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#+!|~@:]/g, (character) => `&#${character.charCodeAt(0)};`)}</code>`;
}

function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');
}
