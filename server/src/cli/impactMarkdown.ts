/**
 * An `impact` report as Markdown, for a comment on a pull request: cause, size and cost first, the rest folded away;
 * never longer than a comment may be.
 */
import { counted, figure } from '../ide/wording.ts';
import type { ImpactReport } from './impactReport.ts';
import { type CauseOutline, outlineOf, type ReportOutline, type ResultOutline } from './impactOutline.ts';

/** What GitHub takes as a comment. */
const LONGEST = 65_000;
const SHOWN_CAUSES = 10;
const MOST_CAUSES = 100;
const MOST_RECIPES = 200;
const MOST_TASKS = 6;

export function markdownReport(report: ImpactReport): string {
  const outline = outlineOf(report);
  // Fewer recipes and causes until it fits.
  for (let part = 1; ; part /= 2) {
    const text = reportText(outline, part);
    if (text.length <= LONGEST) return text;
    if (part < 1 / 1024) return `${text.slice(0, LONGEST - 1)}…`;
  }
}

function reportText({ repositories, results }: ReportOutline, part: number): string {
  const blocks = ['### What this changes in sstate'];
  for (const result of results) blocks.push(...resultBlocks(result, part));
  const compared = repositories.map((repository) => `- ${escaped(repository)}`);
  blocks.push(`<sub>\n\n${compared.join('\n')}\n\n</sub>`);
  return `${blocks.join('\n\n')}\n`;
}

function resultBlocks(result: ResultOutline, part: number): string[] {
  const { title, warnings, isEmpty, causes, recipes } = result;
  const blocks = [`#### ${escaped(title)}`];
  if (warnings.length > 0) blocks.push(warnings.map((note) => `> ⚠ ${escaped(note)}`).join('\n>\n'));
  if (isEmpty) return [...blocks, 'No hash changes.'];
  const [most = '', ...figures] = result.figures.map(escaped);
  blocks.push([`- **${most}**`, ...figures.map((text) => `- ${text}`)].join('\n'));
  const mostCauses = Math.max(SHOWN_CAUSES, Math.floor(MOST_CAUSES * part));
  blocks.push(causeTable(causes.slice(0, SHOWN_CAUSES)));
  const others = causes.slice(SHOWN_CAUSES, mostCauses);
  if (others.length > 0)
    blocks.push(folded(`${counted(others.length, 'more root cause')}`, causeTable(others)));
  if (causes.length > mostCauses)
    blocks.push(`… and ${figure(causes.length - mostCauses)} more root causes.`);
  const listed = recipes.slice(0, Math.floor(MOST_RECIPES * part));
  if (listed.length > 0) {
    const rows = listed.map(({ recipe, status, taskhashes, basehashes }) => {
      const more = basehashes.length > MOST_TASKS ? ' …' : '';
      const shown = basehashes.slice(0, MOST_TASKS).map(code).join(' ') + more;
      return `| ${code(recipe)} | ${escaped(status)} | ${figure(taskhashes)} | ${shown} |`;
    });
    const table = ['| recipe | | taskhashes | basehash of |', '|---|---|---:|---|', ...rows].join('\n');
    const rest = recipes.length - listed.length;
    const more = rest > 0 ? `\n\n… and ${counted(rest, 'more recipe')}.` : '';
    blocks.push(folded(counted(recipes.length, 'recipe'), table + more));
  }
  return blocks;
}

function causeTable(causes: readonly CauseOutline[]): string {
  const hasCost = causes.some(({ lost }) => lost !== undefined);
  const rows = causes.map(({ place, what, reach, lost }) => {
    const cost = hasCost ? ` ${figure(lost ?? 0)} |` : '';
    return `| ${code(place)}<br>${escaped(what)} | ${reach} |${cost}`;
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
