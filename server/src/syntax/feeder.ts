/**
 * One logical line to one statement: what `bb/parse/parse_py/BBHandler.py: feeder` (the part behind
 * functions and comments) and `ConfHandler.py: feeder` do, in their order of trial.
 *
 * Knows nothing of how lines were joined, nor of what statements do.
 */
import { oneWordAddTask, splitAddTask, wordsWithKeyword } from './addtask.ts';
import { AssignmentScanner, type AssignmentParts } from './assignment.ts';
import { CharacterSet, excerpt, words } from './characters.ts';
import { unparsed } from './diagnosis.ts';
import type { Draft } from './draft.ts';
import {
  argument,
  argumentBeforeComment,
  greedyArguments,
  unsetFlagArguments,
  variableArgument,
} from './keyword.ts';
import type { LogicalLine } from './lines.ts';
import type { Statement } from './statements.ts';

export class Feeder {
  private readonly scanner: AssignmentScanner;
  private readonly unsetFirst: CharacterSet;
  private readonly unsetRest: CharacterSet;

  constructor(
    private readonly draft: Draft,
    /** Whether the file is read by ConfHandler. */
    private readonly configuration: boolean,
  ) {
    this.scanner = new AssignmentScanner(draft.traits);
    this.unsetFirst = new CharacterSet(draft.traits.unsetFlagFirst);
    this.unsetRest = new CharacterSet(draft.traits.unsetFlagRest);
  }

  /** Adds the statement that `line` holds, or an unreadable node and the reason. */
  feed(line: LogicalLine): void {
    const statement =
      (this.configuration ? undefined : this.recipeStatement(line)) ?? this.commonStatement(line);
    if (statement === 'refused') this.draft.addUnreadable(line);
    else if (statement !== undefined) this.draft.add(statement);
    else {
      const { start, end, message } = unparsed(
        line.text,
        this.draft.traits,
        this.configuration,
        this.scanner,
      );
      this.draft.problem('error', 'unparsed-line', line.span(start, end), message);
      this.draft.addUnreadable(line);
    }
  }

  private recipeStatement(line: LogicalLine): Statement | 'refused' | undefined {
    const { text } = line;
    const base = { range: line.range, lineno: line.lineno };
    const exported = argument(text, 'EXPORT_FUNCTIONS');
    if (exported !== undefined) {
      return { ...base, kind: 'export-functions', functions: words(text.slice(exported.start)) };
    }
    const addtask = this.addTask(line);
    if (addtask !== undefined) return addtask;
    const deleted =
      this.draft.traits.addtask === 'split'
        ? argumentBeforeComment(text, 'deltask')
        : argument(text, 'deltask');
    if (deleted !== undefined) {
      return { ...base, kind: 'deltask', tasks: text.slice(deleted.start, deleted.end) };
    }
    const handlers = argument(text, 'addhandler');
    if (handlers !== undefined) {
      return { ...base, kind: 'addhandler', handlers: words(text.slice(handlers.start)) };
    }
    for (const verb of ['inherit', 'inherit_defer']) {
      const deferred = verb === 'inherit_defer';
      if (deferred && !this.draft.traits.hasInheritDefer) continue;
      const classes = argument(text, verb);
      if (classes === undefined) continue;
      return {
        ...base,
        kind: 'inherit',
        deferred,
        classes: text.slice(classes.start),
        classesRange: line.span(classes.start, classes.end),
      };
    }
    return undefined;
  }

  private addTask(line: LogicalLine): Statement | 'refused' | undefined {
    const { text } = line;
    const parts = this.draft.traits.addtask === 'split' ? splitAddTask(text) : oneWordAddTask(text);
    if (parts === undefined) return undefined;
    if (parts.ignored !== undefined) {
      const ignored = text.slice(parts.ignored.start, parts.ignored.end);
      this.draft.problem(
        'warning',
        'addtask-ignored',
        line.span(parts.ignored.start, parts.ignored.end),
        `BitBake ignores "${excerpt(ignored.trim())}": this release adds one task per addtask. Write an addtask line for each.`,
      );
    }
    for (const word of parts.repeated) {
      this.draft.problem(
        'warning',
        'addtask-repeated-keyword',
        line.span(0, text.length),
        `"${word}" is written more than once; only one counts. List all the tasks behind one "${word}".`,
      );
    }
    const [wrong] = wordsWithKeyword(text);
    if (wrong !== undefined) {
      const at = text.indexOf(wrong);
      this.draft.problem(
        'error',
        'task-keyword',
        line.span(at, at + wrong.length),
        `Task name "${excerpt(wrong)}" contains ":append_", ":prepend_" or ":remove_". Rename the task without it.`,
      );
      return 'refused';
    }
    return {
      range: line.range,
      lineno: line.lineno,
      kind: 'addtask',
      tasks: text.slice(parts.tasks.start, parts.tasks.end),
      before: parts.before,
      after: parts.after,
      tasksRange: line.span(parts.tasks.start, parts.tasks.end),
    };
  }

  private commonStatement(line: LogicalLine): Statement | 'refused' | undefined {
    const { text } = line;
    const { traits } = this.draft;
    const parts = this.scanner.scan(text);
    if (parts !== undefined) return this.assignment(line, parts);

    const base = { range: line.range, lineno: line.lineno };
    for (const verb of ['include', 'require', 'include_all'] as const) {
      if (verb === 'include_all' && !traits.hasIncludeAll) continue;
      const target = argument(text, verb);
      if (target === undefined) continue;
      return {
        ...base,
        kind: 'include',
        verb,
        target: text.slice(target.start),
        targetRange: line.span(target.start, target.end),
      };
    }
    for (const kind of ['export', 'unset'] as const) {
      const span = variableArgument(text, kind);
      if (span === undefined) continue;
      const variable = text.slice(span.start, span.end);
      return kind === 'export' ? { ...base, kind, variable } : { ...base, kind, variable, flag: undefined };
    }
    const unset = unsetFlagArguments(text, this.unsetFirst, this.unsetRest, traits.unsetFlagMinimum);
    if (unset !== undefined) {
      return {
        ...base,
        kind: 'unset',
        variable: text.slice(unset.variable.start, unset.variable.end),
        flag: text.slice(unset.flag.start, unset.flag.end),
      };
    }
    if (this.configuration && traits.hasAddPyLib) {
      const spans = greedyArguments(text, 'addpylib', 2);
      if (spans !== undefined) {
        const [directory, namespace] = spans.map(({ start, end }) => text.slice(start, end));
        return { ...base, kind: 'addpylib', directory: directory!, namespace: namespace! };
      }
    }
    if (traits.addfragmentsWords !== 0) {
      const spans = greedyArguments(text, 'addfragments', traits.addfragmentsWords);
      if (spans !== undefined) {
        const [prefix, fragments, flagged, builtin] = spans.map(({ start, end }) => text.slice(start, end));
        return {
          ...base,
          kind: 'addfragments',
          pathPrefix: prefix!,
          fragmentsVariable: fragments!,
          flaggedVariablesVariable: flagged!,
          builtinFragmentsVariable: builtin,
        };
      }
    }
    return undefined;
  }

  private assignment(line: LogicalLine, parts: AssignmentParts): Statement | 'refused' {
    const { text } = line;
    const { operator, operatorStart } = parts;
    const operatorEnd = operatorStart + operator.length;
    const variable = text.slice(parts.variableStart, parts.variableEnd);
    if (variable === '') {
      this.draft.problem(
        'error',
        'empty-variable-name',
        line.span(0, operatorEnd),
        'The assignment names no variable. Write a name before the operator.',
      );
      return 'refused';
    }
    const nameEnd = parts.flag === undefined ? parts.variableEnd : parts.flag.end + 1;
    if (
      this.draft.traits.warnsAboutBlanksAroundOperator &&
      (nameEnd === operatorStart || operatorEnd === parts.quote)
    ) {
      this.draft.problem(
        'warning',
        'blanks-around-operator',
        line.span(operatorStart, operatorEnd),
        `Put a blank on both sides of "${operator}".`,
      );
    }
    const override = /:(?:append|prepend|remove)/.exec(variable)?.[0];
    if (override !== undefined && ['+=', '=+', '.=', '=.'].includes(operator)) {
      this.draft.problem(
        'warning',
        'operator-combination',
        line.span(parts.variableStart, operatorEnd),
        `"${override}" together with "${operator}" is not recommended, since both add to the value. Use "${override}" with "=".`,
      );
    }
    return {
      range: line.range,
      lineno: line.lineno,
      kind: 'assignment',
      variable,
      variableRange: line.span(parts.variableStart, parts.variableEnd),
      flag: parts.flag && text.slice(parts.flag.start, parts.flag.end),
      operator,
      exported: parts.exported,
      value: text.slice(parts.quote + 1, text.length - 1),
      valueRange: line.span(parts.quote, text.length),
    };
  }
}
