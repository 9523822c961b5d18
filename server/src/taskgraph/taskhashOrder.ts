/**
 * In which order the hashes of dependencies enter a taskhash.
 *
 * Follows `bb/siggen.py: build_pnid, get_taskhash`: by recipe name and task, then by the task's full name; in old
 * releases (`clean_basepath`) by the recipe file's last two path components. Pure.
 */
import { compareCodePoints } from '../base/words.ts';

/** What names a task: `mc:musl:virtual:native:/abs/zlib_1.3.bb`, and `do_install`. */
export interface NamedTask {
  readonly mcfn: string;
  readonly multiconfig: string;
  readonly pn: string;
  readonly task: string;
}

/** How signature data calls a task: `zlib:do_install`, `mc:musl:zlib:do_install` (`build_pnid`). */
export function recipeTaskName({ multiconfig, pn, task }: Omit<NamedTask, 'mcfn'>): string {
  return `${multiconfig ? `mc:${multiconfig}:` : ''}${pn}:${task}`;
}

/**
 * How old releases order and show a task (`clean_basepath`): `zlib/zlib_1.3.bb:do_install:virtual:native`.
 * @param tid the task's full name
 */
export function cleanBasePath(tid: string): string {
  const last = tid.lastIndexOf('/');
  const before = tid.lastIndexOf('/', last - 1);
  if (before < 0) return tid;
  let base = tid.slice(0, before);
  let cleaned = tid.slice(before + 1);
  if (base.startsWith('/')) return cleaned;
  const multiconfig = /^mc:([^:]*):(.*)$/s.exec(base);
  let suffix = '';
  if (multiconfig) {
    suffix = `:mc:${multiconfig[1]}`;
    base = multiconfig[2]!;
  }
  if (!base.startsWith('/')) cleaned += `:${base.split(':/')[0]}`;
  return cleaned + suffix;
}

/** For each task its place among all tasks: dependencies enter a hash by rising place. */
export function hashOrder(tasks: readonly NamedTask[], byRecipeName: boolean): Int32Array {
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
