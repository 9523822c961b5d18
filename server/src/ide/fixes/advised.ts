/**
 * Quick fixes for what is doubtful about hashes (`signature/advice.ts`): each problem's own way out, by its facts.
 */
import type { Problem } from '../../base/problem.ts';
import type { Range } from '../../base/text.ts';
import { splitWords } from '../../base/words.ts';
import type { Statement } from '../../syntax/statements.ts';
import type { Version } from '../edits.ts';
import { baseName } from '../names.ts';
import { excludeFix, excludePartFix, unlistFix } from './dependencies.ts';
import { type Fix, type Known, PLACES, type Subject } from './fix.ts';
import { assignmentText, insertAbout, removeFromFlag, type TextEdit } from './placement.ts';

/** Users of a variable that a fix is offered for, each of its own. */
const MOST_USERS = 3;

export function advisedFixes(subject: Subject, known: Known): Fix[] {
  return adviceAt(subject).flatMap((problem): Fix[] => {
    const { name = '', users = '', word = '', argument = '', place = '' } = problem.facts ?? {};
    const exclusions = () =>
      splitWords(users)
        .slice(0, MOST_USERS)
        .map((user) => excludeFix(user, name, problem));
    switch (problem.code) {
      case 'unseen-variable':
        return visibleFixes(name, argument, problem, subject);
      case 'vardeps-names-nothing':
        return removeFromFlag(subject.file, name, 'vardeps', word).length > 0
          ? [unlistFix(name, 'vardeps', word, problem)]
          : [];
      case 'path-in-hash':
        return [
          ...pathFixes(name, place, problem, subject, known),
          excludePartFix(name, place, problem),
          ...exclusions(),
        ];
      case 'unrepeatable-value':
        return exclusions();
      default:
        return [];
    }
  });
}

function adviceAt({ view, path, range }: Subject): Problem[] {
  return view.advice.filter(
    (problem) =>
      problem.path === path &&
      problem.range !== undefined &&
      problem.range.start.line <= range.end.line &&
      range.start.line <= problem.range.end.line,
  );
}

// A name that is no literal

/** Lists what a name may be, where the code around says it: the words that a loop goes through. */
function visibleFixes(owner: string, argument: string, problem: Problem, { file, range }: Subject): Fix[] {
  const statement = file.tree.statements.find(
    ({ range: lines }) => lines.start.line <= range.start.line && range.start.line <= lines.end.line,
  );
  const listed = statement && namesListed(bodyOf(statement), argument);
  if (listed === undefined) return [];
  return [
    {
      id: `visible ${owner} ${argument}`,
      title: `Let BitBake see what ${argument} may be (${owner}[vardeps])`,
      risk: `From now on every other value of those variables makes ${owner} run again`,
      problem,
      portable: true,
      edits: (of) => insertAbout(of, owner, [assignmentText(of, `${owner}[vardeps]`, '+=', listed)]),
    },
  ];
}

function bodyOf(statement: Statement): readonly string[] {
  return statement.kind === 'function' || statement.kind === 'def' ? statement.body : [];
}

const GET_WORDS = /^\(?d\.getVar\((['"])([\w-]+)\1(?:,\s*True)?\)(?:\s+or\s+(?:''|""))?\)?\.split\(\)$/;
const LITERALS = /^[([]((?:\s*(['"])[\w:${}.-]+\2\s*,?)+)[)\]]$/;

/** What `vardeps` has to say for an expression over the words of a loop; undefined where no loop is found. */
function namesListed(body: readonly string[], argument: string): string | undefined {
  for (const line of [...body].reverse()) {
    const [, variable, words = ''] = /^\s*for (\w+) in (.+):\s*$/.exec(line) ?? [];
    if (variable === undefined || !new RegExp(`\\b${variable}\\b`).test(argument)) continue;
    const source = GET_WORDS.exec(words)?.[2];
    const literals = LITERALS.exec(words)?.[1]?.match(/[\w:${}.-]+/g);
    if (argument === variable) {
      if (source !== undefined) return `\${${source}}`;
      if (literals) return literals.join(' ');
      return undefined;
    }
    // BitBake ends inline Python at the first brace, and the assignment at its quote.
    if (source === undefined || /[{}"\\\n]/.test(argument)) return undefined;
    return `\${@' '.join(${argument} for ${variable} in (d.getVar('${source}') or '').split())}`;
  }
  return undefined;
}

// A path

/** Says the path by a variable that stays out of hashes, where the text has it as it is. */
function pathFixes(
  name: string,
  place: string,
  problem: Problem,
  { file }: Subject,
  { variables, ignored }: Known,
): Fix[] {
  for (const variable of PLACES) {
    const value = variables.get(variable)?.expanded;
    if (!value || !ignored.has(variable) || !(isIn(value, place) || isIn(place, value))) continue;
    const edits = (of: Version): TextEdit[] =>
      literalPlaces(of, name, value).map((range) => ({ range, text: `\${${variable}}` }));
    if (edits(file).length === 0) continue;
    return [
      {
        id: `path ${name}`,
        title: `Write \${${variable}} for the path in ${name}`,
        risk: `None for what is built: the value stays the same, and \${${variable}} stays out of the hash`,
        problem,
        portable: false,
        edits,
      },
    ];
  }
  return [];
}

function isIn(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/** Where the statements about a name have a path as text. */
function literalPlaces({ text, tree }: Version, name: string, path: string): Range[] {
  const lines = text.split(/\r\n|\r|\n/);
  return tree.statements
    .filter((statement) => isValueOf(statement, name))
    .flatMap(({ range }) => {
      const found: Range[] = [];
      for (let line = range.start.line; line <= range.end.line; line++) {
        const here = lines[line] ?? '';
        for (let at = here.indexOf(path); at >= 0; at = here.indexOf(path, at + path.length)) {
          if (/[\w.~+-]/.test(here[at + path.length] ?? '')) continue;
          found.push({ start: { line, column: at }, end: { line, column: at + path.length } });
        }
      }
      return found;
    });
}

function isValueOf(statement: Statement, name: string): boolean {
  if (statement.kind === 'assignment')
    return statement.flag === undefined && baseName(statement.variable) === name;
  return statement.kind === 'function' && baseName(statement.name) === name;
}
