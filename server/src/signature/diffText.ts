/**
 * Differences of signatures in BitBake's words, as `bitbake-diffsigs` and `bitbake-dumpsig` print them.
 *
 * Follows `bb/siggen.py: compare_sigfiles, dump_sigfile, worddiff_str, list_inline_diff`. Sets are sorted here, where
 * BitBake shows them in the order of Python's memory.
 */
import { compareCodePoints, sortedStrings, splitWords } from '../base/words.ts';
import { pythonText } from '../metadata/statements.ts';
import type { Difference, ExplainedTask } from './diff.ts';
import { computedBasehash, computedTaskhash, type SignatureData } from './sigdata.ts';
import { pieces, unifiedDiff } from './sequences.ts';

/** One difference; the first line says what, the others show it. */
export function describeDifference(difference: Difference): string[] {
  const { kind } = difference;
  switch (kind) {
    case 'ignored-variables':
      return changedSet('basehash_ignore_vars changed', difference.before, difference.after);
    case 'ignored-tasks':
      return [
        `taskhash_ignore_tasks changed from '${shown(difference.before)}' to '${shown(difference.after)}'`,
      ];
    case 'task-dependencies':
      return [
        'Task dependencies changed from:',
        list(sortedStrings(difference.before)),
        'to:',
        list(sortedStrings(difference.after)),
      ];
    case 'basehash':
      return [`basehash changed from ${shown(difference.before)} to ${shown(difference.after)}`];
    case 'variable-dependencies':
      return changedSet(
        `List of dependencies for variable ${difference.variable} changed`,
        difference.before,
        difference.after,
      );
    case 'variable-added':
      return [`Dependency on variable ${difference.variable} was added`];
    case 'variable-removed':
      return [`Dependency on Variable ${difference.variable} was removed`];
    case 'value':
      return changedValue(difference.variable, difference.before, difference.after);
    case 'file':
      return [
        `Checksum for file ${difference.file} changed from ${shown(difference.before)} to ${shown(difference.after)}`,
      ];
    case 'file-added':
    case 'file-removed':
      return [
        `Dependency on checksum of file ${difference.file} was ${kind === 'file-added' ? 'added' : 'removed'}`,
      ];
    case 'run-dependencies':
      return changedRunDependencies(difference);
    case 'task-added':
    case 'task-removed':
      return [
        `Dependency on task ${difference.task} was ${kind === 'task-added' ? 'added' : 'removed'} with hash ${difference.hash}`,
      ];
    case 'task-hash':
      return [
        `Hash for task dependency ${difference.task} changed from ${difference.before} to ${difference.after}`,
      ];
    case 'taint':
      return [
        `Taint (by forced/invalidated task) changed from ${taintText(difference.before)} to ${taintText(difference.after)}`,
      ];
  }
}

/**
 * The whole report of `bitbake-diffsigs`: as soon as a changed dependency can be explained, its report stands for
 * all the rest.
 */
export function diffsigsReport({ differences, causes }: ExplainedTask): string[] {
  const lines: string[] = [];
  const taint = differences.filter(({ kind }) => kind === 'taint');
  for (const difference of differences) {
    if (difference.kind === 'taint') continue;
    const described = describeDifference(difference);
    if (difference.kind === 'task-hash') {
      const cause = causes.find(({ task }) => task === difference.task)!;
      const below = causeReport(cause.explained, difference);
      if (below.length > 0) return [...described, ...below, ...taint.flatMap(describeDifference)];
    }
    lines.push(...described);
  }
  return [...lines, ...taint.flatMap(describeDifference)];
}

function causeReport(
  explained: ExplainedTask | 'missing' | 'shown',
  { task, before, after }: { task: string; before: string; after: string },
): string[] {
  if (explained === 'shown') return [];
  if (explained === 'missing')
    return [`Unable to find matching sigdata for ${task} with hashes ${before} or ${after}`];
  return diffsigsReport(explained).map((line) => `    ${line}`);
}

/** The whole of `bitbake-dumpsig`. */
export function dumpSignature(data: SignatureData): string[] {
  const lines = [
    `basehash_ignore_vars: ${list(data.ignoredVariables)}`,
    `taskhash_ignore_tasks: ${list(sortedStrings(data.ignoredTasks ?? ''))}`,
    `Task dependencies: ${list(sortedStrings(data.taskDependencies))}`,
    `basehash: ${data.basehash ?? 'None'}`,
  ];
  for (const name of sortedStrings(data.dependencies.keys()))
    lines.push(`List of dependencies for variable ${name} is ${list(data.dependencies.get(name)!)}`);
  for (const name of sortedStrings(data.values.keys()))
    lines.push(...`Variable ${name} value is ${shown(data.values.get(name))}`.split('\n'));
  if (data.run) {
    const { dependencies, files, hashes } = data.run;
    lines.push(`Tasks this task depends on: ${list(sortedStrings(dependencies))}`);
    const sorted = [...files].sort(
      ([a, x = ''], [b, y = '']) => compareCodePoints(a, b) || compareCodePoints(x, y),
    );
    const texts = sorted.map(([name, checksum]) => pythonText([name, checksum]));
    lines.push(`This task depends on the checksums of files: [${texts.join(', ')}]`);
    for (const name of sortedStrings(hashes.keys()))
      lines.push(`Hash for dependent task ${name} is ${hashes.get(name)!}`);
  }
  if (data.taint !== undefined) lines.push(`Tainted (by forced/invalidated task): ${taintText(data.taint)}`);
  lines.push(`Computed base hash is ${computedBasehash(data)} and from file ${data.basehash ?? 'None'}`);
  const taskhash = computedTaskhash(data);
  lines.push(taskhash === undefined ? 'Unable to compute task hash' : `Computed task hash is ${taskhash}`);
  return lines;
}

function changedSet(what: string, before: readonly string[], after: readonly string[]): string[] {
  const lines = [`${what} from '${set(before)}' to '${set(after)}'`];
  if (before.length > 0 && after.length > 0) {
    const either = [
      ...before.filter((name) => !after.includes(name)),
      ...after.filter((name) => !before.includes(name)),
    ];
    lines.push(`changed items: ${set(sortedStrings(either))}`);
  }
  return lines;
}

function changedValue(variable: string, before: string | undefined, after: string | undefined): string[] {
  const both = before && after ? before + after : '';
  if (both.includes('\n')) {
    const lines = unifiedDiff(splitLines(before!), splitLines(after!));
    return [
      `Variable ${variable} value changed:`,
      ...(lines.length > 0 ? lines : ['(only the end of a line changed)']),
    ];
  }
  if (both.includes(' ')) return [`Variable ${variable} value changed:`, wordDiff(before!, after!)];
  return `Variable ${variable} value changed from '${shown(before)}' to '${shown(after)}'`.split('\n');
}

function changedRunDependencies({
  before,
  after,
  pairs,
}: Extract<Difference, { kind: 'run-dependencies' }>): string[] {
  const lines: string[] = [];
  if (sameNames(before, after)) lines.push('runtaskdeps changed:');
  else {
    const marks = { same: "'", removed: '-', added: '+' } as const;
    const texts = pieces(before, after).map(([change, items]) => {
      const text = items.join(' ');
      return change === 'same' ? `'${text}'` : marks[change] + text;
    });
    lines.push('runtaskdeps changed:', `[${texts.join(', ')}]`);
  }
  if (!pairs) return [...lines, 'Number of task dependencies changed'];
  for (const { before, after } of pairs) {
    lines.push(
      `${before.task} with hash ${before.hash}`,
      ' changed to',
      `${after.task} with hash ${after.hash}`,
    );
  }
  return lines;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}

function wordDiff(before: string, after: string): string {
  const texts = pieces(before.split(' '), after.split(' ')).map(([change, items]) => {
    const text = items.join(' ');
    if (change === 'same') return text;
    return change === 'added' ? `{+${text}+}` : `[-${text}-]`;
  });
  const blank = splitWords(before).join(' ') === splitWords(after).join(' ');
  return `"${texts.join(' ')}"${blank ? ' (whitespace changed)' : ''}`;
}

/** `str.splitlines()`. */
function splitLines(text: string): string[] {
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function taintText(taint: string | undefined): string {
  return shown(taint).replace(/^nostamp:/, 'nostamp(uuid4):');
}

function shown(value: string | undefined): string {
  return value ?? 'None';
}

function list(names: Iterable<string>): string {
  return pythonText([...names]);
}

function set(names: readonly string[]): string {
  return names.length === 0 ? 'set()' : `{${list(names).slice(1, -1)}}`;
}
