/**
 * `sstate-lens verify`: our basehashes against BitBake's, those of a recorded table or of the user's own BitBake
 * (`verifyBitBake.ts`).
 */
import { join } from 'node:path';
import { parseSignatureData, type SignatureData } from '../signature/sigdata.ts';
import {
  absoluteRecipe,
  parseTable,
  relativeRecipe,
  splitVirtual,
  type TableRow,
} from '../signature/table.ts';
import { realDirectory } from '../host/buildDirectory.ts';
import { readRecording, signatureDataFiles } from '../host/recordings.ts';
import {
  chosenNames,
  describeTask,
  firstDifference,
  matched,
  type TaskDifference,
  taskDifferences,
  type Theirs,
  variantsByName,
} from './comparison.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { readRecorded } from './recorded.ts';
import { type BuildOptions, evaluatePaths, openSession, type Session, withMaterial } from './session.ts';
import { verifyBitBake } from './verifyBitBake.ts';
import { verifyTaskhash } from './verifyTaskhash.ts';

export interface VerifyOptions extends Pick<BuildOptions, 'buildDir'> {
  readonly hash: 'basehash' | 'taskhash';
  /** With taskhashes: the targets that the table was recorded for. */
  readonly targets?: string;
  readonly against?: string;
  readonly root?: string;
  /** Without `against`: run BitBake, this one if a checkout is named. With it: only where BitBake's library is. */
  readonly bitbake?: string | true;
  readonly only?: string;
  readonly sigdata?: string;
  /** Count rows that depend on where the layers lie, too: the table was recorded in this very place. */
  readonly includePath?: boolean;
}

export async function verify(options: VerifyOptions, output: Output): Promise<ExitCode> {
  const { against, root, bitbake, buildDir } = options;
  const checkout = typeof bitbake === 'string' ? { bitbake } : {};
  const build = { ...(buildDir === undefined ? {} : { buildDir }), ...checkout };
  if (against === undefined) {
    if (options.hash === 'taskhash')
      throw new CommandError('name the table that BitBake recorded taskhashes in: --against FILE');
    if (bitbake === undefined)
      throw new CommandError(
        'name what to compare with: --against FILE, or --bitbake to run your own BitBake',
      );
    return verifyBitBake(build, options.only, output);
  }
  if (bitbake === true)
    throw new CommandError(
      'compare with a table (--against) or with BitBake (--bitbake), not with both at once',
    );
  if (root === undefined)
    throw new CommandError("name the OE-Core checkout that the table's recipes are relative to: --root DIR");
  if (options.hash === 'taskhash')
    return verifyTaskhash(against, realDirectory(root), options, build, output);
  return verifyTable(against, realDirectory(root), options, build, output);
}

async function verifyTable(
  against: string,
  root: string,
  options: VerifyOptions,
  build: BuildOptions,
  output: Output,
): Promise<ExitCode> {
  const rows = chooseRows(readRecorded(against, parseTable), options);
  if (rows.length === 0)
    throw new CommandError(`${against} has no rows${options.only ? ` for ${options.only}` : ''}`);
  const session = await openSession({ buildDir: join(root, 'build'), cache: false, ...build }, output);
  try {
    const paths = [...new Set(rows.map((row) => splitVirtual(absoluteRecipe(row.recipe, root)).path))];
    const evaluations = await evaluatePaths(paths, session, output);
    const theirs = recipesOf(rows, root);
    const differences = taskDifferences(theirs, variantsByName(evaluations), false);
    output.result(matched(rows.length, differences));
    for (const difference of differences) {
      output.result(describeTask(difference, relativeRecipe(difference.mcfn, root)));
      if (options.sigdata !== undefined) await explain(difference, options.sigdata, session, output);
    }
    return differences.length === 0 ? EXIT.done : EXIT.no;
  } finally {
    await session.close();
  }
}

function chooseRows(rows: readonly TableRow[], options: VerifyOptions): TableRow[] {
  const isChosen = chosenNames(options.only);
  return rows.filter((row) => (options.includePath || !row.dependsOnPlace) && isChosen(row.pn));
}

function recipesOf(rows: readonly TableRow[], root: string): Theirs[] {
  const recipes = new Map<string, Map<string, string>>();
  for (const row of rows) {
    const mcfn = absoluteRecipe(row.recipe, root);
    let tasks = recipes.get(mcfn);
    if (!tasks) recipes.set(mcfn, (tasks = new Map()));
    tasks.set(row.task, row.hash);
  }
  return [...recipes].map(([mcfn, tasks]) => ({ mcfn, skipped: undefined, tasks }));
}

/** Says which variable differs, from the signature data that BitBake wrote. */
async function explain(
  { mcfn, task, theirs, ours }: TaskDifference,
  directory: string,
  session: Session,
  output: Output,
): Promise<void> {
  if (theirs === undefined || typeof ours?.basehash !== 'string') return;
  const data = findSignatureData(directory, task, theirs);
  output.result(
    data
      ? `  ${firstDifference(data, await withMaterial(mcfn, session))}`
      : `  no sigdata of this task with basehash ${theirs.slice(0, 8)}… below ${directory}`,
  );
}

function findSignatureData(directory: string, task: string, hash: string): SignatureData | undefined {
  for (const path of signatureDataFiles(directory, task)) {
    try {
      const data = parseSignatureData(readRecording(path));
      if (data.basehash === hash) return data;
    } catch {
      // Another tool's file, or one that is being written.
    }
  }
  return undefined;
}
