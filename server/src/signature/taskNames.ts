/**
 * How BitBake calls a task in signature data: by recipe and task, in old releases by the recipe file's last two path
 * components.
 */

/** What names a task for people: recipe, task (`do_install`), and multiconfig where there is one. */
export interface NamedTask {
  readonly multiconfig: string;
  readonly pn: string;
  readonly task: string;
}

/** How signature data calls a task: `zlib:do_install`, `mc:musl:zlib:do_install` (`build_pnid`). */
export function recipeTaskName({ multiconfig, pn, task }: NamedTask): string {
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

/** The name to show and to compare by: full names, which hold where the layers lie, are shortened. */
export function shortTaskName(name: string): string {
  return name.includes('/') ? cleanBasePath(name) : name;
}
