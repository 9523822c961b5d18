/**
 * How the releases of BitBake differ in what they find in Python code, for `lib/lens/analysis.py`, where the same names
 * are. Knows no release: `metadata/release.ts` does.
 */
export interface PythonTraits {
  /** There are functions of layer libraries as dependencies of their own. */
  readonly moduleFunctions: boolean;
  /** Of a module's functions, those count that are defined in its own file, else those it imports, too. */
  readonly ownFunctionsOnly: boolean;
  /** A function of a module is hashed with its source, else with its name and what it depends on alone. */
  readonly sourcesHashed: boolean;
  /** bb.parse.vardeps and vardepsexclude on such a function change its references. */
  readonly functionVardeps: boolean;
  /** A function's `visitorcode` answers for every call of the function. */
  readonly visitorcode: boolean;
  /** A callable without source, met among a module's functions, is passed over, else it is an error. */
  readonly builtinsSkipped: boolean;
  /** Arguments after the first count when they are any literal, else only when they are strings. */
  readonly anyLiterals: boolean;
  /** A call without the argument that counts is an error, else it is passed over. */
  readonly shortCallsFail: boolean;
  /** A call with an unknown argument is put into words by ast.unparse, which copes with everything, else by codegen.py. */
  readonly unparse: boolean;
  /** `${@…}` may hold one level of braces, else it ends at the first `}`. */
  readonly nestedBraces: boolean;
  /** `${@…}` with a `${VAR}` in it that did not expand stays as it is, else it is compiled all the same. */
  readonly unexpandedKept: boolean;
}

/** By the names that `analysis.py` has for them: `sources_hashed`. */
export function namedInPython(traits: PythonTraits): Record<string, boolean> {
  const inPython = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(
    Object.entries(traits).map(([name, holds]) => [inPython(name), holds as boolean]),
  );
}
