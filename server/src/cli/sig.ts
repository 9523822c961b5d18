/** `sstate-lens sig`: the basehash of every task of recipes. */
import { candidates } from '../engine/targets.ts';
import type { RecipeEvaluation } from '../engine/results.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import { plainName } from '../signature/table.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { type BuildOptions, describeProblem, openSession, type Session } from './session.ts';

export interface SigOptions extends BuildOptions {
  readonly all?: boolean;
  readonly format: 'text' | 'tsv' | 'json';
}

export async function sig(
  targets: readonly string[],
  options: SigOptions,
  output: Output,
): Promise<ExitCode> {
  if (targets.length === 0 && !options.all) {
    throw new CommandError('name a recipe (sstate-lens sig zlib), or ask for all with --all');
  }
  const session = await openSession(options, output);
  try {
    const report = new Report(options.format, output);
    const failed = options.all
      ? await everything(session, report, output)
      : await chosen(targets, session, report, output);
    report.end();
    return failed ? EXIT.no : EXIT.done;
  } finally {
    session.workspace.dispose();
  }
}

/** @returns whether any recipe could not be evaluated */
async function everything(session: Session, report: Report, output: Output): Promise<boolean> {
  const paths = session.summary.recipes.map((recipe) => recipe.path);
  const results = new Map<string, RecipeEvaluation>();
  let done = 0;
  let failed = 0;
  await session.workspace.evaluateAll(
    paths,
    (path, result) => {
      output.progress(`Evaluated ${++done} of ${paths.length} recipes, ${failed} failed`);
      if (result instanceof Error) {
        failed++;
        output.note(`${path}: error: ${result.message}`);
        return;
      }
      if (result.variants.some(({ tasks }) => tasks.some(({ basehash }) => typeof basehash !== 'string')))
        failed++;
      results.set(path, result);
    },
    true,
  );
  output.progress(undefined);
  for (const path of paths) {
    const result = results.get(path);
    if (!result) continue;
    noteProblems(result, output, ['error']);
    for (const variant of result.variants) report.add(variant);
  }
  return failed > 0;
}

async function chosen(
  targets: readonly string[],
  session: Session,
  report: Report,
  output: Output,
): Promise<boolean> {
  let failed = false;
  for (const target of targets) {
    const result = await evaluateTarget(target, session, output);
    if (!result) {
      output.note(`error: no recipe provides ${target}: sstate-lens sig --all lists what there is`);
      failed = true;
      continue;
    }
    noteProblems(result, output, ['error', 'warning']);
    for (const variant of result.variants) {
      if (!isMeant(target, variant, result)) continue;
      report.add(variant);
      if (variant.tasks.some(({ basehash }) => typeof basehash !== 'string')) failed = true;
    }
  }
  return failed;
}

/** The evaluation of the recipe that provides `target`: the first candidate with a variant of that name. */
export async function evaluateTarget(
  target: string,
  session: Session,
  output: Output,
): Promise<RecipeEvaluation | undefined> {
  const paths = candidates(target, session.summary);
  let fallback: RecipeEvaluation | undefined;
  for (const path of paths) {
    output.progress(`Evaluating ${path}…`);
    const result = await session.workspace.evaluate(path);
    output.progress(undefined);
    if (target.includes('/') || result.variants.some((variant) => variant.pn === target)) return result;
    if (result.variants.some((variant) => plainName(variant.pn) === target)) fallback ??= result;
  }
  return fallback;
}

/** A target that is the PN of one variant means that variant; any other means all of the recipe. */
function isMeant(target: string, variant: VariantSignatures, result: RecipeEvaluation): boolean {
  const plain = result.variants[0]?.pn;
  return (
    target === plain ||
    target.includes('/') ||
    variant.pn === target ||
    !result.variants.some(({ pn }) => pn === target)
  );
}

function noteProblems(result: RecipeEvaluation, output: Output, severities: readonly string[]): void {
  for (const problem of result.problems) {
    if (severities.includes(problem.severity)) output.note(describeProblem(problem));
  }
}

class Report {
  private readonly variants: VariantSignatures[] = [];
  constructor(
    private readonly format: SigOptions['format'],
    private readonly output: Output,
  ) {}

  add(variant: VariantSignatures): void {
    if (this.format === 'json') this.variants.push(variant);
    else if (this.format === 'tsv') this.rows(variant);
    else this.text(variant);
  }

  end(): void {
    if (this.format !== 'json') return;
    const recipes = this.variants.map(({ mcfn, pn, skipped, tasks }) => ({
      recipe: mcfn,
      pn,
      ...(skipped === undefined ? {} : { skipped }),
      tasks: Object.fromEntries(tasks.map(({ task, basehash }) => [task, basehash])),
    }));
    this.output.result(JSON.stringify({ recipes }, undefined, 2));
  }

  private rows({ mcfn, pn, skipped, tasks }: VariantSignatures): void {
    if (skipped !== undefined) this.output.note(`skipped: ${mcfn}: ${skipped}`);
    for (const { task, basehash } of tasks) {
      if (typeof basehash === 'string') this.output.result([mcfn, pn, task, basehash].join('\t'));
      else this.output.note(`unknown: ${mcfn}: ${task}: because ${basehash.unknown}`);
    }
  }

  private text({ mcfn, pn, skipped, tasks }: VariantSignatures): void {
    this.output.result(`${pn}  ${mcfn}`);
    if (skipped !== undefined) this.output.result(`  skipped: ${skipped}`);
    for (const { task, basehash } of tasks) {
      const hash = typeof basehash === 'string' ? basehash : `unknown, because ${basehash.unknown}`;
      this.output.result(`  ${task.padEnd(36)} ${hash}`);
    }
    this.output.result('');
  }
}
