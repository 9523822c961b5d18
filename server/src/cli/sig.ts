/** `sstate-lens sig`: the basehash of every task of recipes; their taskhashes are in `sigTaskhash.ts`. */
import { candidates } from '../engine/targets.ts';
import { EvaluatorStopped } from '../engine/protocol.ts';
import type { RecipeEvaluation } from '../engine/results.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import { multiconfigOf, plainName } from '../signature/table.ts';
import { splitMulticonfig } from '../taskgraph/targets.ts';
import { checkStability, showAdvice } from './checks.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { sigTaskhash } from './sigTaskhash.ts';
import { type BuildOptions, describeProblem, openSession, type Session } from './session.ts';

export interface SigOptions extends BuildOptions {
  readonly hash: 'basehash' | 'taskhash';
  /** With taskhashes: of everything that runs for the targets, not of their own recipes alone. */
  readonly closure?: boolean;
  /** With taskhashes: no hash equivalence server is asked. */
  readonly offline?: boolean;
  readonly all?: boolean;
  /** Also say what is doubtful about the hashes. */
  readonly advice?: boolean;
  /** Also evaluate on another occasion, and say which hashes are others then. */
  readonly checkStability?: boolean;
  readonly format: 'text' | 'tsv' | 'json';
}

export async function sig(
  targets: readonly string[],
  options: SigOptions,
  output: Output,
): Promise<ExitCode> {
  if (options.hash === 'taskhash') return sigTaskhash(targets, options, output);
  if (options.offline) throw new CommandError('--offline is about taskhashes: add --hash taskhash');
  if (options.closure) throw new CommandError('--closure is about taskhashes: add --hash taskhash');
  if (targets.length === 0 && !options.all) {
    throw new CommandError('name a recipe (sstate-lens sig zlib), or ask for all with --all');
  }
  const session = await openSession(options, output, options.all ? undefined : 1);
  try {
    const report = new Report(options.format, output);
    const { evaluations, code } = options.all
      ? await everything(session, report, output)
      : await chosen(targets, session, report, output);
    report.end();
    if (options.advice) {
      const paths = evaluations.map(({ path }) => path);
      await showAdvice(paths, session, output);
    }
    const stable = !options.checkStability || (await checkStability(evaluations, session, output));
    return code === EXIT.done && !stable ? EXIT.no : code;
  } finally {
    await session.close();
  }
}

interface Evaluated {
  readonly evaluations: readonly RecipeEvaluation[];
  /** `no` where any recipe could not be evaluated, or has an unknown hash. */
  readonly code: ExitCode;
}

async function everything(session: Session, report: Report, output: Output): Promise<Evaluated> {
  const paths = session.summary.recipes.map((recipe) => recipe.path);
  const results = new Map<string, RecipeEvaluation | Error>();
  let failed = 0;
  await session.workspace.evaluateAll(
    paths,
    (path, result) => {
      results.set(path, result);
      if (result instanceof Error || result.variants.some(hasUnknown)) failed++;
      output.progress(`Evaluated ${results.size} of ${paths.length} recipes, ${failed} failed`);
    },
    true,
  );
  output.progress(undefined);
  for (const path of paths) {
    const result = results.get(path)!;
    if (result instanceof Error) {
      output.note(`${path}: error: ${result.message}`);
      report.lose(path, result.message);
      continue;
    }
    noteProblems(result, output, ['error']);
    for (const variant of result.variants) report.add(variant);
  }
  output.note(
    `${paths.length} recipes in ${report.variants} variants: ${report.skipped} skipped, ${failed} failed`,
  );
  const evaluations = [...results.values()].flatMap((result) => (result instanceof Error ? [] : [result]));
  return { evaluations, code: failed > 0 ? EXIT.no : EXIT.done };
}

function hasUnknown({ tasks, failed }: VariantSignatures): boolean {
  return failed !== undefined || tasks.some(({ basehash }) => typeof basehash !== 'string');
}

async function chosen(
  targets: readonly string[],
  session: Session,
  report: Report,
  output: Output,
): Promise<Evaluated> {
  const evaluations: RecipeEvaluation[] = [];
  let code: ExitCode = EXIT.done;
  for (const target of targets) {
    const result = await evaluateTarget(target, session, output, true).catch(stopped);
    if (result instanceof EvaluatorStopped) {
      const { where, message } = result;
      output.progress(undefined);
      output.note(`${where ? `${where.path}:${where.line}` : target}: error: ${message}`);
      report.lose(target, message);
      if (code === EXIT.done) code = EXIT.no;
      continue;
    }
    if (!result) {
      output.note(`error: no recipe provides ${target}: sstate-lens sig --all lists what there is`);
      code = EXIT.bad;
      continue;
    }
    evaluations.push(result);
    noteProblems(result, output, ['error', 'warning']);
    for (const variant of result.variants) {
      if (!isMeant(target, variant, result)) continue;
      report.add(variant);
      if (hasUnknown(variant) && code === EXIT.done) code = EXIT.no;
    }
  }
  return { evaluations, code };
}

function stopped(error: unknown): EvaluatorStopped {
  if (error instanceof EvaluatorStopped) return error;
  throw error;
}

/**
 * The evaluation of the recipe that provides `target`: the first candidate with a variant of that name.
 * @param hashesOnly whether what hashes were made of may be left out
 */
export async function evaluateTarget(
  target: string,
  session: Session,
  output: Output,
  hashesOnly = false,
): Promise<RecipeEvaluation | undefined> {
  const { name, includes } = namedTarget(target);
  const paths = candidates(name, session.summary);
  let fallback: RecipeEvaluation | undefined;
  for (const path of paths) {
    output.progress(`Evaluating ${path}…`);
    const result = await session.workspace.evaluate(path, undefined, { hashesOnly });
    output.progress(undefined);
    const variants = result.variants.filter(includes);
    if (name.includes('/') || variants.some(({ pn }) => pn === name)) return result;
    if (variants.some(({ pn }) => plainName(pn) === name)) fallback ??= result;
  }
  return fallback;
}

/** `zlib`, a path, or `mc:musl:zlib`, which includes the variants of that multiconfig only. */
export function namedTarget(target: string): {
  readonly name: string;
  includes(variant: VariantSignatures): boolean;
} {
  if (target.includes('/') || !target.startsWith('mc:')) return { name: target, includes: () => true };
  const [multiconfig, name] = splitMulticonfig(target);
  return { name, includes: ({ mcfn }) => multiconfigOf(mcfn) === multiconfig };
}

/** A target that is the PN of one variant means that variant; any other means all of the recipe. */
function isMeant(target: string, variant: VariantSignatures, result: RecipeEvaluation): boolean {
  const { name, includes } = namedTarget(target);
  const plain = result.variants[0]?.pn;
  return (
    includes(variant) &&
    (name === plain ||
      name.includes('/') ||
      variant.pn === name ||
      !result.variants.some(({ pn }) => pn === name))
  );
}

function noteProblems(result: RecipeEvaluation, output: Output, severities: readonly string[]): void {
  for (const problem of result.problems) {
    if (severities.includes(problem.severity)) output.note(describeProblem(problem));
  }
}

class Report {
  variants = 0;
  skipped = 0;
  /** What `end` prints, of the format that is printed as a whole. */
  private readonly recipes: object[] = [];
  constructor(
    private readonly format: SigOptions['format'],
    private readonly output: Output,
  ) {}

  add(variant: VariantSignatures): void {
    this.variants++;
    if (variant.skipped !== undefined) this.skipped++;
    if (this.format === 'json') this.recipes.push(recipeObject(variant));
    else if (this.format === 'tsv') this.rows(variant);
    else this.text(variant);
  }

  /** A recipe file of which nothing is known. */
  lose(path: string, reason: string): void {
    if (this.format === 'json') this.recipes.push({ recipe: path, failed: reason });
    else if (this.format === 'text') this.output.result(`?  ${path}\n  failed: ${reason}\n`);
  }

  end(): void {
    if (this.format === 'json') this.output.result(JSON.stringify({ recipes: this.recipes }, undefined, 2));
  }

  private rows({ mcfn, pn, skipped, failed, tasks }: VariantSignatures): void {
    if (skipped !== undefined) this.output.result(['# skipped', mcfn, pn, oneLine(skipped)].join('\t'));
    if (failed !== undefined) this.output.note(`failed: ${mcfn}: ${failed}`);
    for (const { task, basehash } of tasks) {
      if (typeof basehash === 'string') this.output.result([mcfn, pn, task, basehash].join('\t'));
      else if (failed === undefined)
        this.output.note(`unknown: ${mcfn}: ${task}: because ${basehash.unknown}`);
    }
  }

  private text({ mcfn, pn, skipped, failed, tasks }: VariantSignatures): void {
    this.output.result(`${pn}  ${mcfn}`);
    if (skipped !== undefined) this.output.result(`  skipped: ${skipped}`);
    if (failed !== undefined) this.output.result(`  failed: ${failed}`);
    for (const { task, basehash } of failed === undefined ? tasks : []) {
      const hash = typeof basehash === 'string' ? basehash : `unknown, because ${basehash.unknown}`;
      this.output.result(`  ${task.padEnd(36)} ${hash}`);
    }
    this.output.result('');
  }
}

function recipeObject({ mcfn, pn, skipped, failed, tasks }: VariantSignatures): object {
  return {
    recipe: mcfn,
    pn,
    ...(skipped === undefined ? {} : { skipped }),
    ...(failed === undefined ? {} : { failed }),
    tasks: Object.fromEntries(tasks.map(({ task, basehash }) => [task, basehash])),
  };
}

/** A text as one cell of a table. */
function oneLine(text: string): string {
  return text.replace(/[\t\n\r]+/g, ' ');
}
