/**
 * What is asked of an evaluator besides recipes, and needs its Python: values of the configuration, the further
 * DEPENDS that a few recipes work out from all the others, where the objects of tasks are looked for, and which setscene
 * tasks can be done without.
 */
import { splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import type { ParseContext } from '../metadata/context.ts';
import { expandKeys } from '../metadata/recipe.ts';
import { pythonText } from '../metadata/statements.ts';
import { describeRefusal } from './doubts.ts';
import type { ObjectPath } from '../sstate/presence.ts';
import type {
  ConfigurationValues,
  DispensableQuestions,
  ExtraDependsQuestion,
  ObjectPathsQuestion,
} from './results.ts';

/**
 * Values of variables as they are after the keys of the configuration are expanded: those named, and all whose names
 * start alike. What is unset or cannot be expanded is left out. With the first reason why any of them is in doubt.
 */
export function configurationValues(
  d: Datastore,
  names: readonly string[],
  prefixes: readonly string[],
  ctx: ParseContext,
): Omit<ConfigurationValues, 'multiconfig'> {
  const { frames } = ctx.datastoreContext;
  frames.forgetDoubts();
  const copy = d.createCopy();
  ctx.current = copy;
  expandKeys(copy, ctx);
  let doubt = frames.everything ?? frames.takeDoubt();
  const wanted = [...copy.keys()].filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
  const values: Record<string, string> = {};
  for (const name of [...names, ...wanted]) {
    try {
      const value = copy.getVar(name);
      if (value !== undefined) values[name] = pythonText(value);
    } catch (error) {
      ctx.reportError(error);
    }
    const reason = frames.takeDoubt();
    if (reason !== undefined) doubt ??= `${name} is not known: ${reason}`;
  }
  return { values, ...(doubt !== undefined && { doubt }) };
}

/**
 * The DEPENDS of a recipe with what its `calculate_extra_depends` adds (`bb/taskdata.py: add_extra_deps`).
 * @throws PythonError where that fails
 */
export function extraDepends(
  { pn, function: body, depends, worldTargets, recipes }: ExtraDependsQuestion,
  d: Datastore,
  ctx: ParseContext,
): string[] {
  ctx.python.restore();
  const name = `_${pn.replaceAll('-', '_')}_calculate_extra_depends`;
  const parameters = { deps: depends, world_target: worldTargets, pkg_pn: recipes, self_pn: pn };
  const names = Object.keys(parameters).join(', ');
  const code = JSON.stringify(`def ${name}(${names}):\n${body}\n\n${name}(${names})`);
  const scope = `{'bb': bb, 'os': os, 'time': time, **${JSON.stringify(parameters)}}`;
  const expression = `(lambda scope: (exec(${code}, scope), __import__('json').dumps(scope['deps']))[1])(${scope})`;
  return JSON.parse(ctx.python.evaluate(expression, ctx.numberOf(d), name)) as string[];
}

/**
 * The file that the workspace's own check looks for, for each task. `d` is the plain configuration's, whose sstate
 * serves all multiconfigs (`bb/runqueue.py: validate_hashes`).
 * @throws PythonError where Python fails as a whole (its time was over)
 */
export function objectPaths(
  { siginfo, tasks }: ObjectPathsQuestion,
  d: Datastore,
  ctx: ParseContext,
): readonly ObjectPath[] {
  const copy = d.createCopy();
  ctx.current = copy;
  expandKeys(copy, ctx);
  const check = copy.getText('BB_HASHCHECK_FUNCTION') ?? '';
  if (check === '') {
    const unknown =
      'BB_HASHCHECK_FUNCTION is not set: the configuration has no sstate (INHERIT has no sstate class)';
    return tasks.map(() => ({ unknown }));
  }
  ctx.python.restore();
  ctx.python.takeRefusals();
  const question = tasks.map(({ tid, hashFilename, taskhash, unihash }) => [
    tid,
    hashFilename,
    taskhash,
    unihash,
  ]);
  const lookedFor = (store: Datastore) =>
    ctx.python.ask('objects', [check, siginfo, question], ctx.numberOf(store)) as ObjectPath[];
  try {
    const found = lookedFor(copy);
    const later = withUninative(copy);
    const then = later && lookedFor(later);
    const [refusal] = ctx.python.takeRefusals();
    const refused = refusal && describeRefusal(refusal, ctx).message;
    return found.map((answer, index) => {
      if (then && 'path' in answer && JSON.stringify(then[index]) !== JSON.stringify(answer)) {
        return { unknown: UNINATIVE };
      }
      if (refused !== undefined) return { unknown: refused };
      return 'unknown' in answer
        ? { unknown: `the check for objects, ${check}, is not understood: ${answer.unknown}` }
        : answer;
    });
  } finally {
    ctx.python.restore();
  }
}

const UNINATIVE =
  'uninative is not unpacked yet, which BitBake does when a build starts: where native objects are looked for depends on it. Run a build once';

/**
 * The configuration as it is once OE-Core's `uninative.bbclass` has unpacked what it fetches at the start of a build
 * (`enable_uninative`); undefined: that makes no difference.
 */
function withUninative(d: Datastore): Datastore | undefined {
  const inherited = splitWords(d.getText('INHERIT') ?? '');
  if (!inherited.includes('uninative') || d.getText('NATIVELSBSTRING') === 'universal') return undefined;
  const later = d.createCopy();
  later.setVar('NATIVELSBSTRING', 'universal');
  return later;
}

/**
 * Asks the function of BB_SETSCENE_DEPVALID, as one piece of Python. What it keeps in the datastore is gone afterwards.
 * @throws PythonError where it fails
 */
export function dispensable(
  { function: name, tasks, questions }: DispensableQuestions,
  d: Datastore,
  ctx: ParseContext,
): boolean[] {
  ctx.python.restore();
  const copy = d.createCopy();
  ctx.current = copy;
  const asked = questions.map(({ task, needing, notNeeded }) => [task, [...needing, task], notNeeded]);
  const expression =
    `(lambda ask, d, tasks, asked: __import__('json').dumps([bool(ask(tasks[task][0], ` +
    `{tasks[one][0]: tasks[one][1:] for one in among}, {tasks[one][0] for one in unneeded}, d)) ` +
    `for task, among, unneeded in asked]))(${name}, d, ${JSON.stringify(tasks)}, ${JSON.stringify(asked)})`;
  return JSON.parse(ctx.python.evaluate(expression, ctx.numberOf(copy), 'BB_SETSCENE_DEPVALID')) as boolean[];
}
