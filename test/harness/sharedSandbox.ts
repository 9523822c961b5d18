/**
 * One Python for many workspaces: starting it costs a second, putting it back a few milliseconds.
 *
 * Only for tests that evaluate hundreds of workspaces one after the other, all in the same place. Stands in for
 * `createSandbox`: hands out a sandbox that is as it was when it had just started, and that reaches the files
 * and datastores of whoever asked for it last.
 */
import type { ObservedRuntime } from '../../server/src/python/remembering.ts';
import type { createSandbox, SandboxOptions } from '../../server/src/python/sandbox.ts';

interface Shared {
  readonly python: ObservedRuntime;
  /** The state just after its start: what the sandbox's own checkpoint was then. */
  readonly fresh: unknown;
  current: SandboxOptions;
}

const sandboxes = new Map<string, Promise<Shared>>();

export async function sharedSandbox(
  create: typeof createSandbox,
  options: SandboxOptions,
): Promise<ObservedRuntime> {
  const { cwd, scratch, bitbakeLibrary, traits, facts, limits } = options;
  const roots = outermost(options.roots);
  const key = JSON.stringify({ cwd, scratch, bitbakeLibrary, traits, facts, limits, roots });
  let starting = sandboxes.get(key);
  if (!starting) sandboxes.set(key, (starting = start(create, { ...options, roots })));
  const shared = await starting;
  shared.current = options;
  // The runtime knows one checkpoint only; the evaluator replaces it, so it is put back from outside.
  (shared.python as unknown as { saved: unknown }).saved = shared.fresh;
  shared.python.restore();
  shared.python.takeRefusals();
  return shared.python;
}

async function start(create: typeof createSandbox, first: SandboxOptions): Promise<Shared> {
  const shared: { current: SandboxOptions } = { current: first };
  const python = await create({
    ...first,
    files: {
      stat: (path) => shared.current.files.stat(path),
      readText: (path) => shared.current.files.readText(path),
      readBytes: (path) => shared.current.files.readBytes(path),
      list: (path) => shared.current.files.list(path),
      realPath: (path) => shared.current.files.realPath(path),
      glimpse: (path) => shared.current.files.glimpse?.(path) ?? 'unknown',
    },
    datastore: { call: (operation, d, args) => shared.current.datastore.call(operation, d, args) },
    say: (...said) => shared.current.say(...said),
    enter: (what) => shared.current.enter?.(what),
    observer: {
      looked: (path) => shared.current.observer?.looked(path),
      passing: () => shared.current.observer?.passing(),
      unrepeatable: () => shared.current.observer?.unrepeatable(),
      changed: () => shared.current.observer?.changed(),
    },
  });
  python.checkpoint();
  return Object.assign(shared, { python, fresh: (python as unknown as { saved: unknown }).saved });
}

/** Directories without those below another of them. */
function outermost(directories: readonly string[]): string[] {
  const sorted = [...new Set(directories)].sort();
  return sorted.filter((path) => !sorted.some((other) => other !== path && path.startsWith(`${other}/`)));
}
