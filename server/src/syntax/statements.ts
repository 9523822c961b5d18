/**
 * The tree of one metadata file: what each statement says, and where.
 *
 * Produced by `parseFile`, read by `metadata` (which gives it meaning) and by `ide`. It holds text as
 * BitBake hashes it (function bodies with their comments, tabs and trailing blanks handled as
 * `bb/parse/parse_py/BBHandler.py: feeder` does) and knows nothing of variables' values.
 *
 * The tree is lossless by lines: every physical line of the file belongs to exactly one node, blank
 * lines, comments and unreadable lines included, in file order.
 */
import type { Range } from '../base/text.ts';

/** What decides which parser BitBake uses: `.conf` files go to ConfHandler, all others to BBHandler. */
export type FileKind = 'configuration' | 'recipe' | 'class' | 'include' | 'append';

export interface StatementBase {
  /** The physical lines the statement covers; `end` is the end of its last line. */
  readonly range: Range;
  /** The line number BitBake records for it (counts from 1): that of its last line. */
  readonly lineno: number;
}

export type AssignmentOperator = '=' | '?=' | '??=' | ':=' | '+=' | '=+' | '.=' | '=.';

/** `VAR = "value"`, `VAR[flag] ?= "value"`, `export VAR = "value"`, with lines already joined. */
export interface Assignment extends StatementBase {
  readonly kind: 'assignment';
  /** The variable as written, overrides and `${…}` included. */
  readonly variable: string;
  readonly variableRange: Range;
  readonly flag: string | undefined;
  readonly operator: AssignmentOperator;
  readonly exported: boolean;
  readonly value: string;
  /** From the opening quote to the closing one, quotes included; may span lines. */
  readonly valueRange: Range;
}

/** `export VAR` without a value. */
export interface Export extends StatementBase {
  readonly kind: 'export';
  readonly variable: string;
}

/** `unset VAR` or `unset VAR[flag]`. */
export interface Unset extends StatementBase {
  readonly kind: 'unset';
  readonly variable: string;
  readonly flag: string | undefined;
}

/** `include X`, `require X`, `include_all X`. */
export interface Include extends StatementBase {
  readonly kind: 'include';
  readonly verb: 'include' | 'require' | 'include_all';
  /** Unexpanded, as written. */
  readonly target: string;
  readonly targetRange: Range;
}

/** `inherit X Y` or `inherit_defer X Y`. */
export interface Inherit extends StatementBase {
  readonly kind: 'inherit';
  readonly deferred: boolean;
  /** Unexpanded, as written. */
  readonly classes: string;
  readonly classesRange: Range;
}

/**
 * `do_x() {…}`, `python do_x() {…}`, `fakeroot …`, and `python () {…}`, whose name is `__anonymous`.
 * `body` holds what `bb/parse/ast.py: MethodNode` joins with newlines: the lines between the braces,
 * right-stripped, and a last empty one.
 */
export interface FunctionDefinition extends StatementBase {
  readonly kind: 'function';
  readonly name: string;
  readonly nameRange: Range;
  readonly python: boolean;
  readonly fakeroot: boolean;
  readonly body: readonly string[];
}

/** `def f(d):` and its indented lines. `body` includes the `def` line, as `PythonMethodNode` has it. */
export interface PythonDefinition extends StatementBase {
  readonly kind: 'def';
  readonly name: string;
  readonly nameRange: Range;
  readonly body: readonly string[];
  /**
   * The lineno BitBake passes to `handlePythonMethod`: that of the first line after the body, which
   * need not exist when the file ends in the body.
   */
  readonly closingLineno: number;
}

/** `EXPORT_FUNCTIONS a b`; the class name that it joins is that of the file. */
export interface ExportFunctions extends StatementBase {
  readonly kind: 'export-functions';
  readonly functions: readonly string[];
}

/** `addtask a b after c before d`; `before` and `after` as BitBake's regular expressions cut them. */
export interface AddTask extends StatementBase {
  readonly kind: 'addtask';
  readonly tasks: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly tasksRange: Range;
}

/** `deltask a b`; unexpanded. */
export interface DelTask extends StatementBase {
  readonly kind: 'deltask';
  readonly tasks: string;
}

/** `addhandler a b`. */
export interface AddHandler extends StatementBase {
  readonly kind: 'addhandler';
  readonly handlers: readonly string[];
}

/** `addpylib DIR NAMESPACE`; only in configuration files. */
export interface AddPyLib extends StatementBase {
  readonly kind: 'addpylib';
  readonly directory: string;
  readonly namespace: string;
}

/** `addfragments PREFIX VARIABLE FLAGGED_VARIABLES BUILTIN_VARIABLES`; older releases lack the last. */
export interface AddFragments extends StatementBase {
  readonly kind: 'addfragments';
  readonly pathPrefix: string;
  readonly fragmentsVariable: string;
  readonly flaggedVariablesVariable: string;
  readonly builtinFragmentsVariable: string | undefined;
}

export interface Comment extends StatementBase {
  readonly kind: 'comment';
}

export interface Blank extends StatementBase {
  readonly kind: 'blank';
}

/** Lines that BitBake would refuse to parse; the file's problems say why. */
export interface Unreadable extends StatementBase {
  readonly kind: 'unreadable';
  readonly text: string;
}

export type Statement =
  | Assignment
  | Export
  | Unset
  | Include
  | Inherit
  | FunctionDefinition
  | PythonDefinition
  | ExportFunctions
  | AddTask
  | DelTask
  | AddHandler
  | AddPyLib
  | AddFragments
  | Comment
  | Blank
  | Unreadable;

/**
 * How releases of BitBake differ in reading a file (`bb/parse/parse_py`). Chosen by
 * `metadata/release.ts`, never by the parser.
 */
export interface SyntaxTraits {
  /** What may stand in `VAR[flag]`: the class of its first character, then of the others. */
  readonly flagFirst: string;
  readonly flagRest: string;
  /** What may stand in `unset VAR[flag]`, likewise; `unsetFlagMinimum` is the shortest length. */
  readonly unsetFlagFirst: string;
  readonly unsetFlagRest: string;
  readonly unsetFlagMinimum: 1 | 2;
  /** `= "x"` matches with an empty variable name, which is then an error. */
  readonly emptyVariableIsMatched: boolean;
  /** A warning for `A="b"` without blanks around the operator. */
  readonly warnsAboutBlanksAroundOperator: boolean;
  /** `addtask`: one task name by `\w+` (older releases), or text split at ` before ` and ` after `. */
  readonly addtask: 'one-word' | 'split';
  readonly hasInheritDefer: boolean;
  readonly hasIncludeAll: boolean;
  readonly hasAddPyLib: boolean;
  /** How many words `addfragments` takes; 0 where there is no such statement. */
  readonly addfragmentsWords: 0 | 3 | 4;
  /**
   * Whether an unclosed function or a trailing `\` at the end of a recipe or class is always an error.
   * Where not, BitBake drops it silently when a file was inherited or included before.
   */
  readonly refusesUnclosed: boolean;
}
