/**
 * `sstate-lens demo`: what the editor shows, told in a terminal, on the sample workspace that is shipped along.
 *
 * The edit is made in memory; nothing is written.
 */
import { basename } from 'node:path';
import type { RecipeEvaluation } from '../engine/results.ts';
import { sampleBuildDirectory } from '../host/installation.ts';
import { readSource } from '../host/sources.ts';
import { attribute, type HashChange } from '../ide/attribution.ts';
import { showChain } from '../ide/chains.ts';
import { compareEvaluations } from '../ide/comparison.ts';
import { editedStatements } from '../ide/edits.ts';
import { isUnknown } from '../ide/view.ts';
import { enumerate } from '../ide/wording.ts';
import { releaseOf } from '../metadata/release.ts';
import { parseFile } from '../syntax/parser.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { openSession, type Session } from './session.ts';
import { evaluateTarget } from './sig.ts';

const RECIPE = 'hello';

/** What the demonstration types: the first line that begins so, and what stands there afterwards. */
const EDITS: readonly { readonly after: string; readonly add?: string; readonly replace?: string }[] = [
  { after: 'MOTD = ', replace: 'MOTD = "${GREETING} from the editor, ${AUDIENCE}!"' },
  { after: '    install -m 0755 hello', add: '    touch ${D}${bindir}/seen' },
];

export async function demo(output: Output): Promise<ExitCode> {
  const session = await openSession({ buildDir: sampleBuildDirectory(), cache: false }, output, 1);
  try {
    return await show(session, output);
  } finally {
    await session.close();
  }
}

async function show(session: Session, output: Output): Promise<ExitCode> {
  const before = await evaluateTarget(RECIPE, session, output);
  if (!before) throw new CommandError(`the sample workspace has no recipe ${RECIPE}`);
  const { path } = before;
  const name = basename(path);
  output.result(`Basehashes of ${RECIPE} (${name}), as BitBake computes them:`);
  output.result('');
  printTasks(before, output);

  const text = readSource(path) ?? '';
  const edited = EDITS.reduce(applyEdit, text);
  output.result('');
  output.result(`An edit of ${name}, in memory:`);
  output.result('');
  printEdit(text, edited, output);

  session.workspace.setOverlay(path, edited);
  const after = await session.workspace.evaluate(path);
  const { syntax } = releaseOf(session.summary.bitbakeVersion);
  const versions = [text, edited].map((version) => ({
    text: version,
    tree: parseFile(path, version, syntax),
  }));
  const changes = compareEvaluations(after, before);
  output.result('');
  output.result('What the editor shows at once:');
  for (const change of attribute(changes, editedStatements(versions[0]!, versions[1]!))) {
    output.result('');
    printChange(change, name, output);
  }
  output.result('');
  output.result(
    `Computed in ${Math.round(after.milliseconds)} ms; BitBake was not run, nothing was written.`,
  );
  return changes.length > 0 ? EXIT.done : EXIT.no;
}

function printTasks(evaluation: RecipeEvaluation, output: Output): void {
  const [plain] = evaluation.variants;
  for (const { task, basehash } of plain?.tasks ?? []) {
    const hash = isUnknown(basehash) ? `unknown, because ${basehash.unknown}` : basehash;
    output.result(`  ${task.padEnd(20)} ${hash}`);
  }
}

function applyEdit(text: string, { after, add, replace }: (typeof EDITS)[number]): string {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.startsWith(after));
  if (at < 0) throw new CommandError(`the sample recipe has no line "${after}": it was changed`);
  lines.splice(
    at,
    1,
    ...(replace === undefined ? [lines[at]!] : [replace]),
    ...(add === undefined ? [] : [add]),
  );
  return lines.join('\n');
}

function printEdit(before: string, after: string, output: Output): void {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const known = new Set(old);
  const kept = new Set(now);
  for (const [index, line] of old.entries()) {
    if (!kept.has(line)) output.result(`  ${String(index + 1).padStart(3)} - ${line}`);
  }
  for (const [index, line] of now.entries()) {
    if (!known.has(line)) output.result(`  ${String(index + 1).padStart(3)} + ${line}`);
  }
}

function printChange({ edit, variants }: HashChange, file: string, output: Output): void {
  const tasks = [...new Set(variants.flatMap((variant) => variant.tasks.map(({ task }) => task)))];
  output.result(`${file}:${edit.range.start.line + 1}: Changes the basehash of ${enumerate(tasks)}`);
  for (const { name, tasks } of variants) {
    for (const { task, before, after, chain } of tasks) {
      output.result(
        `  ${`${name} ${task}`.padEnd(26)} ${(before ?? 'new').slice(0, 8)} -> ${after.slice(0, 8)}`,
      );
      output.result(`    ${chain.length > 1 ? showChain(chain) : `${task}: its own text`}`);
    }
  }
}
