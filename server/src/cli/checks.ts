/**
 * What `sstate-lens sig` can be asked to look for in hashes that are known: what is doubtful about them, and whether
 * they are the same at every parse.
 */
import type { Problem } from '../base/problem.ts';
import type { RecipeEvaluation } from '../engine/results.ts';
import { mayBeUnstable, OTHER_OCCASION, unstableHashes } from '../engine/stability.ts';
import type { Output } from './output.ts';
import { describeProblem, openWorkspace, type Session } from './session.ts';

/** Says what is doubtful, each once, in whichever recipes it is. */
export async function showAdvice(paths: readonly string[], session: Session, output: Output): Promise<void> {
  const shown = new Set<string>();
  let done = 0;
  const show = (problem: Problem) => {
    const line = describeProblem(problem);
    if (shown.size < shown.add(line).size) output.note(`${line} [${problem.code}]`);
  };
  await session.workspace.adviseAll(paths, (path, result) => {
    output.progress(`Looked at ${++done} of ${paths.length} recipes`);
    if (result instanceof Error) output.note(`${path}: error: ${result.message}`);
    else result.forEach(show);
  });
  output.progress(undefined);
}

/**
 * Evaluates recipes on another occasion, and says which hashes are others then.
 * @returns whether all are the same
 */
export async function checkStability(
  evaluations: readonly RecipeEvaluation[],
  session: Session,
  output: Output,
): Promise<boolean> {
  const other = openWorkspace(session.build, { state: { occasion: OTHER_OCCASION } });
  try {
    const known = new Map(evaluations.map((evaluation) => [evaluation.path, evaluation]));
    const suspect: string[] = [];
    let done = 0;
    await other.evaluateAll(
      [...known.keys()],
      (path, again) => {
        output.progress(`Evaluated ${++done} of ${known.size} recipes once more`);
        if (again instanceof Error) output.note(`${path}: error: ${again.message}`);
        else if (mayBeUnstable(known.get(path)!, again)) suspect.push(path);
      },
      true,
    );
    output.progress(undefined);
    let unstable = 0;
    for (const path of suspect) {
      const [once, again] = [await session.workspace.evaluate(path), await other.evaluate(path)];
      const problems = unstableHashes(once, again);
      if (problems.length > 0) unstable++;
      for (const problem of problems) output.note(`${describeProblem(problem)} [${problem.code}]`);
    }
    output.note(
      unstable === 0
        ? 'every hash is the same at another time, in another process and with other random numbers'
        : `${unstable} of ${known.size} recipes have hashes that change from parse to parse`,
    );
    return unstable === 0;
  } finally {
    other.dispose();
  }
}
