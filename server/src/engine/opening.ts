/**
 * How an evaluator begins: Python started and joined with the datastore, and the configuration of a build directory read
 * in it, up to the state that every recipe starts from.
 *
 * Evaluates no recipe.
 */
import type { Datastore } from '../datastore/datastore.ts';
import type { FileSystem, HostFacts } from '../inputs/ports.ts';
import { type Read, ReadLog, recipeListReads } from '../inputs/reads.ts';
import { splitWords } from '../base/words.ts';
import { type BuildConfiguration, readConfiguration } from '../metadata/configuration.ts';
import { approvedEnvironment } from '../metadata/environment.ts';
import { ParseContext } from '../metadata/context.ts';
import { InlineEvaluator } from '../metadata/inline.ts';
import { detectRelease } from '../metadata/release.ts';
import { datastoreService } from '../metadata/service.ts';
import { RememberingRuntime } from '../python/remembering.ts';
import { createSandbox, type SandboxOptions } from '../python/sandbox.ts';
import { ConfigurationFiles } from './configurationFiles.ts';
import { doubtOf } from './doubts.ts';
import { IngredientNotes } from './ingredients.ts';
import { RepositoryValues } from './repositoryValues.ts';
import { reportMissingBitBake, reportRefusals, reportRelease, say, whereOf } from './reports.ts';
import { digestOfReads, ToldReads } from './requestReads.ts';
import type { ConfigurationReads, ConfigurationSummary } from './results.ts';
import { summarise, textOr } from './summary.ts';

export interface EvaluatorOptions extends Pick<
  SandboxOptions,
  'assets' | 'modules' | 'limits' | 'roots' | 'occasion'
> {
  /** Absolute, symbolic links resolved. */
  readonly buildDir: string;
  /** The directory of BitBake's checkout; undefined: the built-in part of it is used. */
  readonly bitbakeDir: string | undefined;
  /** The version whose rules count where no BitBake is at hand: `2.8.0`. */
  readonly version?: string;
  readonly files: FileSystem;
  readonly facts: HostFacts;
  /**
   * Told before each entry into Python where it belongs: `/abs/file:12`, or in words.
   * @param progress no expansion is in progress around it: a step of the evaluation has come to its end
   */
  readonly enter?: (where: string, progress: boolean) => void;
}

/** What exists only once Python does. */
export interface Late {
  ctx?: ParseContext;
  /** Told where Python is entered, while somebody wants to know. */
  watch?: (where: string) => void;
}

/** What was asked of files. */
export interface Held {
  readonly reads: ReadLog;
  readonly configurationReads: ConfigurationReads;
  readonly told: ToldReads;
  readonly files: ConfigurationFiles;
  readonly notes: IngredientNotes;
  readonly repository: RepositoryValues;
}

/** What every recipe starts from. */
export interface OpenedConfiguration {
  readonly late: Late;
  readonly ctx: ParseContext;
  readonly python: RememberingRuntime;
  readonly inline: InlineEvaluator;
  readonly configuration: BuildConfiguration;
  /** The paths that it was read from. */
  readonly files: readonly string[];
  readonly summary: ConfigurationSummary;
  readonly held: Held;
}

/** Starts Python and reads the configuration; what is wrong with it is in `summary.problems`. */
export async function openConfiguration(options: EvaluatorOptions): Promise<OpenedConfiguration> {
  const reads = new ReadLog(options.files);
  const release = detectRelease(reads.plain, options.bitbakeDir, options.version);
  // The context needs Python, and Python needs the context once it asks for a datastore.
  const late: Late = {};
  const context = (): ParseContext => late.ctx!;
  let where = '';
  const remembered = () => {
    if (late.ctx?.datastoreContext.frames.depth === 0) options.enter?.(where, true);
  };
  const python = new RememberingRuntime(
    datastoreService(context),
    remembered,
    reads,
    () => late.ctx?.datastoreContext.frames.lookOutside(),
    // Of an occasion that is given, hashes are wanted as they are on that one.
    (origin) => options.occasion === undefined && late.ctx?.datastoreContext.frames.askOccasion(origin),
  );
  const sandbox = await createSandbox({
    ...options,
    files: reads.plain,
    facts: { ...options.facts, environment: approvedEnvironment(options.facts.environment) },
    datastore: python.service,
    observer: python.observer,
    traits: release.python,
    bitbakeLibrary: options.bitbakeDir === undefined ? undefined : `${options.bitbakeDir}/lib`,
    // What metadata writes while it is parsed belongs below the build directory; it stays in memory.
    scratch: [options.buildDir],
    cwd: options.buildDir,
    enter: (what) => {
      where = whereOf(what, late.ctx);
      const progress = late.ctx?.datastoreContext.frames.depth === 0;
      options.enter?.(where, progress);
      late.watch?.(where);
      return where;
    },
    alive: () => options.enter?.(where, true),
    refused: (what) => {
      const { ctx } = late;
      ctx?.datastoreContext.frames.putInDoubt(doubtOf(what, ctx));
    },
    say: (level, message, frame) => say(context(), level, message, frame),
  });
  python.attach(sandbox);
  // What the configuration does to Python can then be undone.
  python.checkpoint();
  const inline = new InlineEvaluator(python);
  const ctx = (late.ctx = new ParseContext(release, options.buildDir, reads.metadata, python, inline));
  inline.context = ctx;
  const chosen = { path: `${options.buildDir}/conf/bblayers.conf`, line: 0 };
  reportRelease(ctx, chosen);
  const repository = new RepositoryValues(reads);
  ctx.findingValue = ({ variable, flag, operator, value }, find) =>
    ctx.datastoreContext.frames.findLasting(
      variable,
      () => (operator === ':=' && flag === undefined ? repository.setting(variable, find) : find()),
      value,
    );
  let parsed: ReadonlySet<Read> = new Set();
  const configuration = readConfiguration(options.buildDir, options.facts, ctx, (d) => {
    reads.linesCount = hashesLines(d);
    parsed = reads.taken();
    reads.begin();
  });
  if (options.bitbakeDir === undefined) reportMissingBitBake(ctx, configuration.refused, chosen);
  // What recipes set is read for them alone.
  ctx.findingValue = undefined;
  const told = new ToldReads(options.files);
  const listed = recipeListReads(reads.taken());
  for (const { path, range } of ctx.reported()) if (range) listed.add(`b${path}`);
  const notes = new IngredientNotes(
    ctx,
    configuration.configurations.map(({ d }) => d),
    repository,
  );
  const { evaluated } = notes;
  reportRefusals(python, ctx);
  ctx.settle();
  try {
    python.checkpoint();
  } catch {
    // Python has not survived the configuration, and a problem says so: recipes can be listed all the same.
    python.restore();
  }
  const summarised = summarise(options, release.version, configuration, ctx);
  const decided = repository.settle(
    (variable) => notes.decided(variable),
    (step) => python.leavesNothing(step),
    (reads) => told.known(reads),
  );
  // Those of the first time have been reported.
  python.takeRefusals();
  ctx.datastoreContext.frames.observe(repository.variables, (variable) => repository.ask(variable));
  const all = told.known([...parsed, ...decided]);
  const configurationReads = { parsed: all, listed: told.known(listed), evaluated };
  const identity = digestOfReads(configurationReads.parsed);
  const summary = { identity, values: identity, ...summarised };
  const held = {
    reads,
    configurationReads,
    told,
    files: new ConfigurationFiles(configurationReads, options.files),
    notes,
    repository,
  };
  return { late, ctx, python, inline, configuration, files: [...ctx.involved], summary, held };
}

/** Whether the lines on which functions stand enter hashes (`lineno`), which nobody wants. */
function hashesLines(d: Datastore): boolean {
  const excluded = textOr(d, 'BB_SIGNATURE_EXCLUDE_FLAGS', '');
  return excluded !== '' && !splitWords(excluded).includes('lineno');
}
