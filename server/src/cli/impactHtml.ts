/**
 * An `impact` report as one page that needs nothing else: no script, no resource, and a policy that allows none.
 */
import { createHash } from 'node:crypto';
import { counted, figure } from '../ide/wording.ts';
import type { ImpactReport } from './impactReport.ts';
import { type CauseOutline, outlineOf, type RecipeOutline, type ResultOutline } from './impactOutline.ts';

const SHOWN_CAUSES = 12;
/** Above this, a page gets slow to open. */
const MOST_RECIPES = 2_000;

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; } h3 { font-size: 1rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.35rem 0.6rem; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
ul.figures { display: flex; flex-wrap: wrap; gap: 0.8rem; list-style: none; padding: 0; }
ul.figures li { background: var(--soft); border-radius: 6px; padding: 0.5rem 0.8rem; }
ul.figures li:first-child { font-weight: 600; }
.note { border-left: 3px solid #c80; padding-left: 0.7rem; }
.quiet { opacity: 0.75; font-size: 0.9em; }
details { margin: 0.6rem 0; } summary { cursor: pointer; }
`;

export function htmlReport(report: ImpactReport): string {
  const { repositories, patches, results } = outlineOf(report);
  const digest = createHash('sha256').update(STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What changes in sstate</title>
<style>${STYLE}</style>
</head>
<body>
<h1>What changes in sstate</h1>
${results.map(resultHtml).join('\n')}
<h2>Compared</h2>
<ul>${items(repositories)}</ul>
${patches.length > 0 ? `<ol>${items(patches)}</ol>` : ''}
</body>
</html>`;
}

function items(texts: readonly string[]): string {
  return texts.map((text) => `<li>${escaped(text)}</li>`).join('');
}

function resultHtml({ title, warnings, isEmpty, figures, causes, recipes }: ResultOutline): string {
  const head = [
    `<h2>${escaped(title)}</h2>`,
    ...warnings.map((note) => `<p class="note">${escaped(note)}</p>`),
  ];
  if (isEmpty) return [...head, '<p>No hash changes.</p>'].join('\n');
  const others = causes.slice(SHOWN_CAUSES);
  const shown = recipes.slice(0, MOST_RECIPES);
  const rest = recipes.length - shown.length;
  return [
    ...head,
    `<ul class="figures">${items(figures)}</ul>`,
    `<h3>${counted(causes.length, 'root cause')}</h3>`,
    causeTable(causes.slice(0, SHOWN_CAUSES)),
    ...(others.length > 0
      ? [
          `<details><summary>${counted(others.length, 'more root cause')}</summary>${causeTable(others)}</details>`,
        ]
      : []),
    `<h3>${counted(recipes.length, 'recipe')}</h3>`,
    `<details><summary>each with its tasks</summary>${recipeTable(shown)}${rest > 0 ? `<p>… and ${counted(rest, 'more recipe')}: see the JSON report</p>` : ''}</details>`,
  ].join('\n');
}

function causeTable(causes: readonly CauseOutline[]): string {
  const hasCost = causes.some(({ lost }) => lost !== undefined);
  const rows = causes.map(({ place, repository, what, reach, lost, examples }) => {
    const cost = hasCost ? `<td class="number">${figure(lost ?? 0)}</td>` : '';
    const first =
      examples.length > 0 ? `<br><span class="quiet">first ${escaped(examples.join(', '))}</span>` : '';
    const of = repository === null ? '' : ` <span class="quiet">${escaped(repository)}</span>`;
    return `<tr><td><code>${escaped(place)}</code>${of}<br>${escaped(what)}</td><td>${escaped(reach)}${first}</td>${cost}</tr>`;
  });
  const head = `<tr><th>where</th><th>reaches</th>${hasCost ? '<th class="number">sstate objects lost</th>' : ''}</tr>`;
  return `<table><thead>${head}</thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function recipeTable(recipes: readonly RecipeOutline[]): string {
  const rows = recipes.map(
    ({ recipe, path, status, taskhashes, basehashes }) =>
      `<tr><td><code>${escaped(recipe)}</code><br><span class="quiet">${escaped(path)}</span></td><td>${escaped(status)}</td><td class="number">${figure(taskhashes)}</td><td><code>${escaped(basehashes.join(' '))}</code></td></tr>`,
  );
  const head = '<tr><th>recipe</th><th></th><th class="number">taskhashes</th><th>basehash of</th></tr>';
  return `<table><thead>${head}</thead><tbody>${rows.join('\n')}</tbody></table>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
    .replace(/[&<>"']/g, (found) => ENTITIES[found]!);
}
