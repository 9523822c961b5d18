/**
 * Where the objects of tasks are looked for, by the rules of the workspace's own sstate class.
 *
 * The class runs in an evaluator (`questions.ts`), some hundred tasks at a time so that other requests come between
 * them; what it said is kept for as long as the configuration is the same. Knows nothing of what is there.
 */
import type { ObjectPath } from '../sstate/presence.ts';
import type { ObjectTask } from './results.ts';
import type { Workspace } from './workspace.ts';

const AT_ONCE = 500;

export class ObjectNames {
  /** What the check was told -> what it looks for. */
  private readonly known = new Map<string, ObjectPath>();

  /** @param workspace whose configuration stays the same for as long as this is used */
  constructor(private readonly workspace: Pick<Workspace, 'objectPaths'>) {}

  /**
   * The absolute path of each task's object, in order.
   * @param siginfo the signature data beside it is meant, not the object
   * @throws EvaluatorStopped, or the reason of `signal`
   */
  async paths(
    tasks: readonly ObjectTask[],
    { siginfo = false, signal }: { readonly siginfo?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<readonly ObjectPath[]> {
    const keys = tasks.map((task) => keyOf(task, siginfo));
    const asked = tasks.filter((_, index) => !this.known.has(keys[index]!));
    for (let at = 0; at < asked.length; at += AT_ONCE) {
      signal?.throwIfAborted();
      const some = asked.slice(at, at + AT_ONCE);
      const found = await this.workspace.objectPaths({ siginfo, tasks: some });
      some.forEach((task, index) => this.known.set(keyOf(task, siginfo), found[index]!));
    }
    return keys.map((key) => this.known.get(key)!);
  }
}

function keyOf({ tid, hashFilename, taskhash, unihash }: ObjectTask, siginfo: boolean): string {
  return JSON.stringify([tid, hashFilename, taskhash, unihash, siginfo]);
}
