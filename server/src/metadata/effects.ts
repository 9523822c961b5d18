/**
 * Whether Python may do more than give a value: what it did then, or would have done, is seen by what runs later.
 *
 * Asked of code that did not get from the host what it asked for: in BitBake it goes on otherwise, and where it could
 * change a variable or a state that lasts, nothing that runs later is certain. So the answer is yes unless all that it
 * says is known: what is doubtful counts.
 */
import type { Datastore } from '../datastore/datastore.ts';

/** How many functions are looked at. */
const MOST_FUNCTIONS = 100;
/** Words of code that changes the datastore, or what outlasts the call. */
const LASTING =
  /[sS]etVar|(append|prepend|del|rename|init|expand)Var|inherit|\b(global|nonlocal|eval|exec|compile|setattr|getattr|globals|locals|vars)\b|cache|environ|__/;
/** A default of a parameter that lasts from call to call. */
const LASTING_DEFAULT = /^\s*def\b[^\n]*=\s*(\{|\[|dict|list|set)/m;
const IMPORTS = /\b(?:import|from)\s+([\w.]+)|__import__\(\s*['"]([\w.]+)/g;
const HARMLESS_MODULES = new Set(
  'os os.path subprocess socket time datetime re sys platform shutil glob json string bb bb.utils bb.process'.split(
    ' ',
  ),
);
/** BitBake's own: its fetcher keeps what it looked up, and its variables start with `__BB`. */
const BITBAKE = /\bbb\.(\w+)/g;
const HARMLESS_BITBAKE = new Set(['fetch', 'fetch2', 'utils', 'process', 'note', 'debug', 'warn', 'plain']);
const NAME = /[A-Za-z_]\w*/g;

/** @param isLibraryFunction whether a dotted name is a function of the layers' Python libraries */
export function mayLast(
  expression: string,
  d: Datastore,
  isLibraryFunction: (name: string) => boolean,
): boolean {
  const waiting = [expression];
  const seen = new Set<string>();
  let functions = 0;
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    if (
      LASTING.test(text.replaceAll('__import__', '')) ||
      LASTING_DEFAULT.test(text) ||
      ++functions > MOST_FUNCTIONS
    )
      return true;
    for (const [, plain, called] of text.matchAll(IMPORTS)) {
      if (!HARMLESS_MODULES.has(plain ?? called!)) return true;
    }
    for (const [, part] of text.matchAll(BITBAKE)) if (!HARMLESS_BITBAKE.has(part!)) return true;
    for (const [dotted] of text.matchAll(/[A-Za-z_]\w*(\.\w+)+/g)) {
      if (dotted.startsWith('oe.') || isLibraryFunction(dotted)) return true;
    }
    for (const [name] of text.matchAll(NAME)) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (!d.getVarFlag(name, 'func', false) || !d.getVarFlag(name, 'python', false)) continue;
      const body = d.getVar(name, false);
      if (typeof body === 'string') waiting.push(body);
    }
  }
  return false;
}
