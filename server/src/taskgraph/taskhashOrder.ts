/**
 * In which order the hashes of dependencies enter a taskhash.
 *
 * Follows `bb/siggen.py: build_pnid, get_taskhash`: by recipe name and task, then by the task's full name; in old
 * releases (`clean_basepath`) by the recipe file's last two path components. Pure.
 */
import { compareCodePoints } from '../base/words.ts';
import { cleanBasePath, type NamedTask, recipeTaskName } from '../signature/taskNames.ts';

/** With the virtual file name: `mc:musl:virtual:native:/abs/zlib_1.3.bb`. */
export interface PlacedTask extends NamedTask {
  readonly mcfn: string;
}

/** For each task its place among all tasks: dependencies enter a hash by rising place. */
export function hashOrder(tasks: readonly PlacedTask[], byRecipeName: boolean): Int32Array {
  const names = tasks.map((task) => {
    const tid = `${task.mcfn}:${task.task}`;
    return { tid, key: byRecipeName ? recipeTaskName(task) : cleanBasePath(tid) };
  });
  const sorted = names.map((_, at) => at);
  sorted.sort(
    (a, b) =>
      compareCodePoints(names[a]!.key, names[b]!.key) || compareCodePoints(names[a]!.tid, names[b]!.tid),
  );
  const places = new Int32Array(tasks.length);
  sorted.forEach((task, place) => (places[task] = place));
  return places;
}
