/** `sstate-lens verify`: our basehashes against a table that BitBake's were recorded in. */
import { join } from 'node:path';
import type { RecipeEvaluation } from '../engine/results.ts';
import type { TaskSignature, VariantSignatures } from '../signature/signatures.ts';
import { parseSignatureData, type SignatureData } from '../signature/sigdata.ts';
import {
  absoluteRecipe,
  parseTable,
  plainName,
  relativeRecipe,
  splitVirtual,
  type TableRow,
} from '../signature/table.ts';
import { realDirectory } from '../host/buildDirectory.ts';
import { readRecording, signatureDataFiles } from '../host/recordings.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { type BuildOptions, openSession } from './session.ts';

export interface VerifyOptions extends BuildOptions {
  readonly against: string;
  readonly root: string;
  readonly only?: string;
  readonly sigdata?: string;
  /** Count rows that depend on where the layers lie, too: the table was recorded in this very place. */
  readonly includePath?: boolean;
}

/** A row that ours does not equal. */
interface Mismatch {
  readonly row: TableRow;
  readonly ours: TaskSignature | undefined;
  readonly variant: VariantSignatures | undefined;
}

export async function verify(options: VerifyOptions, output: Output): Promise<ExitCode> {
  const root = realDirectory(options.root);
  const rows = chooseRows(readTable(options.against), options);
  if (rows.length === 0)
    throw new CommandError(`${options.against} has no rows${options.only ? ` for ${options.only}` : ''}`);
  const buildDir = options.buildDir ?? join(root, 'build');
  const session = await openSession({ ...options, buildDir }, output);
  try {
    const paths = [...new Set(rows.map((row) => splitVirtual(absoluteRecipe(row.recipe, root)).path))];
    const evaluations = new Map<string, RecipeEvaluation>();
    const lost: string[] = [];
    let done = 0;
    await session.workspace.evaluateAll(paths, (path, result) => {
      output.progress(`Verified ${++done} of ${paths.length} recipes`);
      if (result instanceof Error) lost.push(`${path}: ${result.message}`);
      else evaluations.set(path, result);
    });
    output.progress(undefined);
    const mismatches = compare(rows, root, evaluations);
    output.result(`matched ${rows.length - mismatches.length} of ${rows.length}`);
    for (const line of lost) output.note(`error: ${line}`);
    for (const mismatch of mismatches) reportMismatch(mismatch, root, options, output);
    return mismatches.length === 0 ? EXIT.done : EXIT.no;
  } finally {
    session.workspace.dispose();
  }
}

function readTable(file: string): TableRow[] {
  try {
    return parseTable(readRecording(file));
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${(error as Error).message}`);
  }
}

function chooseRows(rows: readonly TableRow[], options: VerifyOptions): TableRow[] {
  const only = options.only === undefined ? undefined : new Set(options.only.split(','));
  return rows.filter(
    (row) =>
      (options.includePath || !row.dependsOnPlace) &&
      (!only || only.has(row.pn) || only.has(plainName(row.pn))),
  );
}

function compare(
  rows: readonly TableRow[],
  root: string,
  evaluations: ReadonlyMap<string, RecipeEvaluation>,
): Mismatch[] {
  const ours = new Map<string, { task: TaskSignature; variant: VariantSignatures }>();
  const variants = new Map<string, VariantSignatures>();
  for (const evaluation of evaluations.values()) {
    for (const variant of evaluation.variants) {
      variants.set(variant.mcfn, variant);
      for (const task of variant.tasks) ours.set(`${variant.mcfn}:${task.task}`, { task, variant });
    }
  }
  return rows.flatMap((row) => {
    const mcfn = absoluteRecipe(row.recipe, root);
    const found = ours.get(`${mcfn}:${row.task}`);
    if (found?.task.basehash === row.hash) return [];
    return [{ row, ours: found?.task, variant: variants.get(mcfn) }];
  });
}

function reportMismatch(
  { row, ours, variant }: Mismatch,
  root: string,
  options: VerifyOptions,
  output: Output,
): void {
  const recipe = relativeRecipe(row.recipe, root);
  if (!ours) {
    const why =
      variant?.skipped === undefined ? 'we have no such task' : `we skip the recipe: ${variant.skipped}`;
    output.result(`${recipe} ${row.task}: ${why}`);
    return;
  }
  if (typeof ours.basehash !== 'string') {
    output.result(`${recipe} ${row.task}: unknown, because ${ours.basehash.unknown}`);
    return;
  }
  output.result(`${recipe} ${row.task}: theirs ${row.hash}, ours ${ours.basehash}`);
  if (options.sigdata === undefined || !variant) return;
  const data = findSignatureData(options.sigdata, row);
  if (data) output.result(`  ${firstDifference(data, ours, variant)}`);
  else
    output.result(
      `  no sigdata of this task with basehash ${row.hash.slice(0, 8)}… below ${options.sigdata}`,
    );
}

/** The first variable, in the order of hashing, that is not the same on both sides. */
export function firstDifference(
  theirs: SignatureData,
  ours: TaskSignature,
  variant: VariantSignatures,
): string {
  const show = (value: string | undefined) => (value === undefined ? 'not set' : JSON.stringify(value));
  const ourNames = new Set([ours.task, ...ours.dependencies]);
  for (const name of [...new Set([theirs.task, ...ourNames, ...theirs.values.keys()])].sort()) {
    const has = theirs.values.has(name);
    if (has && !ourNames.has(name)) return `${name} enters their hash only: ${show(theirs.values.get(name))}`;
    if (!has && ourNames.has(name))
      return `${name} enters our hash only: ${show(variant.nodes.get(name)?.value)}`;
    const value = variant.nodes.get(name)?.value;
    if ((theirs.values.get(name) ?? '') !== (value ?? '')) {
      return `${name} differs: theirs ${show(theirs.values.get(name))}, ours ${show(value)}`;
    }
  }
  return 'every variable is the same: the hashes were made of the same values in another way';
}

function findSignatureData(directory: string, row: TableRow): SignatureData | undefined {
  for (const path of signatureDataFiles(directory, row.task)) {
    try {
      const data = parseSignatureData(readRecording(path));
      if (data.basehash === row.hash) return data;
    } catch {
      // Another tool's file, or one that is being written.
    }
  }
  return undefined;
}
