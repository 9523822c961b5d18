/**
 * What each statement does to the datastore, in order.
 *
 * Follows `bb/parse/ast.py`, a function per node class there. Reads no file itself and knows nothing of
 * recipes as a whole.
 */
import { splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import { FatalError, ParseError } from '../datastore/errors.ts';
import type { ChangeSource } from '../datastore/history.ts';
import { DatastoreHandle, Opaque, type Value } from '../datastore/value.ts';
import type * as syntax from '../syntax/statements.ts';
import type { SyntaxTree } from '../syntax/tree.ts';
import type { ParseContext } from './context.ts';
import { addFragments } from './fragments.ts';
import { deferInherit, fileName, include, inherit, joinPath } from './files.ts';
import { addTask, deleteTask, textList } from './tasks.ts';

const EXPORT_SENTINEL = '    # Export function set\n';

/** Evaluates a whole file. @throws what a statement throws; the statement's place is then in `ctx.place` */
export function evaluateStatements(
  tree: SyntaxTree,
  d: Datastore,
  ctx: ParseContext,
  baseConfiguration: boolean,
): void {
  const refused = tree.problems.find((problem) => problem.severity === 'error');
  if (refused) {
    // BitBake refuses the whole file.
    throw new ParseError(refused.message, tree.path, (refused.range?.start.line ?? -1) + 1);
  }
  ctx.follow(tree.path, d, (reads) => {
    for (const statement of tree.statements) {
      if (statement.kind === 'comment' || statement.kind === 'blank') continue;
      const source = { path: tree.path, line: statement.lineno };
      ctx.place = source;
      if (statement.kind === 'include' || statement.kind === 'inherit')
        reads(() => evaluateStatement(statement, source, d, ctx, baseConfiguration));
      else evaluateStatement(statement, source, d, ctx, baseConfiguration);
    }
  });
}

function evaluateStatement(
  statement: syntax.Statement,
  source: ChangeSource,
  d: Datastore,
  ctx: ParseContext,
  baseConfiguration: boolean,
): void {
  switch (statement.kind) {
    case 'assignment':
      return assign(statement, source, d, ctx);
    case 'export':
      return d.setVarFlag(statement.variable, 'export', 1, source);
    case 'unset':
      if (statement.flag === undefined) return d.delVar(statement.variable, source);
      return d.delVarFlag(statement.variable, statement.flag, source);
    case 'include':
      return includeFiles(statement, source, d, ctx);
    case 'inherit':
      if (statement.deferred) return deferInherit(statement.classes, source.path, source.line, d);
      return inherit(statement.classes, source.path, source.line, d, false, ctx);
    case 'function':
      return defineFunction(statement, source, d, ctx);
    case 'def':
      return definePython(statement, source, d, ctx);
    case 'export-functions':
      return exportFunctions(statement, source, d, ctx);
    case 'addtask': {
      const tasks = ctx.release.parse.addtaskNamesSeveral ? splitWords(statement.tasks) : [statement.tasks];
      for (const task of tasks)
        addTask(task, statement.before, statement.after, d, ctx.release.parse, source);
      return;
    }
    case 'deltask':
      for (const task of splitWords(d.expandText(statement.tasks))) deleteTask(task, d);
      return;
    case 'addhandler':
      return addHandlers(statement, d);
    case 'addpylib':
      if (baseConfiguration) return addLibrary(statement, d, ctx);
      throw new ParseError(
        'addpylib works only in conf/layer.conf, conf/bblayers.conf and conf/bitbake.conf',
        source.path,
        source.line,
      );
    case 'addfragments':
      return addFragments(statement, source, d, ctx);
    case 'comment':
    case 'blank':
    case 'unreadable':
      return;
  }
}

/** What an assignment is called in the history of a variable. */
const OPERATIONS = {
  '=': 'set',
  '?=': 'set?',
  '??=': 'set??',
  ':=': 'immediate',
  '+=': 'append',
  '=+': 'prepend',
  '.=': 'postdot',
  '=.': 'predot',
} as const;

function assign(statement: syntax.Assignment, source: ChangeSource, d: Datastore, ctx: ParseContext): void {
  const { variable, flag, operator } = statement;
  if (statement.exported) d.setVarFlag(variable, 'export', 1, source);
  const { frames } = d.context;
  const { decisive } = frames;
  // What is expanded at once may ask for it.
  if (operator !== ':=') decisive.beginAssignment(variable, flag);
  frames.beginOccasion();
  const find = () => assigned(statement, d);
  const result = ctx.findingValue ? ctx.findingValue(statement, find) : find();
  if (operator === ':=') frames.noteOccasion(variable, flag, result);
  const lazy = operator === '??=';
  const change = {
    ...source,
    operation: lazy && flag !== undefined ? OPERATIONS['='] : OPERATIONS[operator],
  };
  if (flag !== undefined) {
    const slot = lazy && ctx.release.parse.flagDefaults ? `_defaultval_flag_${flag}` : flag;
    d.setVarFlag(variable, slot, result, change);
  } else if (lazy) {
    d.setVarFlag(variable, '_defaultval', result, change);
  } else {
    d.setVar(variable, result, change, true);
  }
  decisive.endAssignment();
  frames.beginOccasion();
}

/** What the variable, or its flag, is set to. */
function assigned({ variable, flag, operator, value }: syntax.Assignment, d: Datastore): Value {
  const current = (): Value =>
    flag === undefined
      ? d.getVar(variable, false, { noWeakDefault: true, parsing: true })
      : d.getVarFlag(variable, flag, false, { noWeakDefault: true });
  const currentText = (): string => {
    const known = current();
    return known === undefined || known === '' || known === 0 || known === false ? '' : pythonText(known);
  };
  switch (operator) {
    case '?=':
      return current() ?? value;
    case ':=':
      // Python that runs here may write to its datastore without effect on ours.
      return d.createCopy().expand(value, `${variable}[:=]`);
    case '+=':
      return `${currentText()} ${value}`;
    case '=+':
      return `${value} ${currentText()}`;
    case '.=':
      return `${currentText()}${value}`;
    case '=.':
      return `${value}${currentText()}`;
    case '=':
    case '??=':
      return value;
  }
}

/** `str(value)`. */
export function pythonText(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return String(value);
  if (value instanceof Opaque) return value.text;
  if (value instanceof DatastoreHandle) return '<bb.data_smart.DataSmart object>';
  return `[${value.map(pythonRepr).join(', ')}]`;
}

function pythonRepr(value: Value): string {
  if (typeof value !== 'string') return pythonText(value);
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r')
    .replaceAll(quote, `\\${quote}`);
  return `${quote}${escaped}${quote}`;
}

function includeFiles(
  statement: syntax.Include,
  source: ChangeSource,
  d: Datastore,
  ctx: ParseContext,
): void {
  const target = d.expandText(statement.target);
  if (statement.verb !== 'include_all') {
    const verb = statement.verb === 'require' ? 'include required' : undefined;
    return include(source.path, target, source.line, d, verb, ctx);
  }
  for (const directory of (d.getText('BBPATH') ?? '').split(':')) {
    include(source.path, joinPath(directory, target), source.line, d, undefined, ctx);
  }
}

const ANONYMOUS_NAME = /[/.+\-@%&~]/g;

function defineFunction(
  statement: syntax.FunctionDefinition,
  source: ChangeSource,
  d: Datastore,
  ctx: ParseContext,
): void {
  let text = statement.body.join('\n');
  let name = statement.name;
  let { python } = statement;
  const firstLine = statement.lineno - statement.body.length;
  if (name === '__anonymous') {
    name = `__anon_${statement.lineno}_${source.path.replace(ANONYMOUS_NAME, '_')}`;
    python = true;
    text = `def ${name}(d):\n${text}`;
    ctx.python.define(text, { file: source.path, line: firstLine });
    d.setVar('__BBANONFUNCS', [...textList(d.getVar('__BBANONFUNCS', false)), name]);
  }
  ctx.functions.add(name);
  if (d.hasValue(name)) {
    d.delVarFlag(name, 'python');
    d.delVarFlag(name, 'fakeroot');
  }
  if (python) d.setVarFlag(name, 'python', '1');
  if (statement.fakeroot) d.setVarFlag(name, 'fakeroot', '1');
  d.setVarFlag(name, 'func', 1);
  d.setVar(name, text, source, true);
  d.setVarFlag(name, 'filename', source.path);
  d.setVarFlag(name, 'lineno', String(firstLine));
}

function definePython(
  statement: syntax.PythonDefinition,
  source: ChangeSource,
  d: Datastore,
  ctx: ParseContext,
): void {
  const text = statement.body.join('\n');
  const before = statement.closingLineno - statement.body.length - 1;
  ctx.python.define(text, { file: source.path, line: before + 1 });
  d.setVarFlag(statement.name, 'func', 1);
  d.setVarFlag(statement.name, 'python', 1);
  d.setVar(statement.name, text, source, true);
  d.setVarFlag(statement.name, 'filename', source.path);
  d.setVarFlag(statement.name, 'lineno', String(before));
}

function exportFunctions(
  statement: syntax.ExportFunctions,
  source: ChangeSource,
  d: Datastore,
  ctx: ParseContext,
): void {
  const bySentinel = ctx.release.parse.exportFunctionsBySentinel;
  // Recipes and includes are no classes: `bb/parse/parse_py/BBHandler.py: handle`.
  const className = /^(.*)\.bbclass$/.exec(fileName(source.path))?.[1] ?? '';
  for (const name of statement.functions) {
    const called = `${className}_${name}`;
    const isDefined = d.hasValue(name);
    if (bySentinel) {
      const current = isDefined && d.getVar(name, false);
      if (typeof current === 'string' ? !current.includes(EXPORT_SENTINEL) : current) continue;
    } else if (isDefined && !d.getVarFlag(name, 'export_func', false)) {
      continue;
    }
    if (isDefined) {
      d.setVarFlag(name, 'python', undefined);
      d.setVarFlag(name, 'func', undefined);
    }
    for (const flag of ['func', 'python']) {
      const value = d.getVarFlag(called, flag, false);
      if (value) d.setVarFlag(name, flag, value);
    }
    for (const flag of ['dirs', 'cleandirs', 'fakeroot']) {
      const value = d.getVarFlag(name, flag, false);
      if (value) d.setVarFlag(called, flag, value);
    }
    d.setVarFlag(name, 'filename', 'autogenerated');
    d.setVarFlag(name, 'lineno', 1);
    const sentinel = bySentinel ? EXPORT_SENTINEL : '';
    if (d.getVarFlag(called, 'python', false)) {
      d.setVar(name, `${sentinel}    bb.build.exec_func('${called}', d)\n`, source, true);
    } else {
      if (className.includes('-')) {
        throw new FatalError(
          `The class name ${className} contains a dash, which cannot be part of the shell function ${called} that ` +
            'EXPORT_FUNCTIONS calls: rename the class or do without EXPORT_FUNCTIONS',
        );
      }
      d.setVar(name, `${sentinel}    ${called}\n`, source, true);
    }
    if (!bySentinel) d.setVarFlag(name, 'export_func', '1');
  }
}

function addHandlers(statement: syntax.AddHandler, d: Datastore): void {
  const names = textList(d.getVar('__BBHANDLERS', false));
  for (const handler of statement.handlers) {
    names.push(handler);
    d.setVarFlag(handler, 'handler', 1);
  }
  d.setVar('__BBHANDLERS', names);
}

function addLibrary(statement: syntax.AddPyLib, d: Datastore, ctx: ParseContext): void {
  ctx.python.importGlobals(splitWords(d.getText('BB_GLOBAL_PYMODULES') ?? ''));
  const functions = ctx.python.addLibrary(d.expandText(statement.directory), statement.namespace);
  for (const found of functions) {
    const failure = found.syntaxError?.message ?? found.error;
    if (failure !== undefined) throw new FatalError(`${found.name} cannot be analysed: ${failure}`);
    ctx.moduleFunctions.set(found.name, found);
  }
}
