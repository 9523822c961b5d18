/**
 * Quick fixes at a task: run it always, have it run again once, pack what it makes as shared state.
 *
 * What a task needs for shared state is said by OE-Core's `sstate.bbclass`: its name in SSTATETASKS, the directories
 * that are packed and those they go to, and a setscene task that calls `sstate_setscene`.
 */
import { splitWords } from '../../base/words.ts';
import type { Version } from '../edits.ts';
import { taskDefinedBy } from '../lenses.ts';
import { plainVariant, taskOf } from '../view.ts';
import { isHead } from './dependencies.ts';
import { type Fix, type Known, nodeOf, type Subject } from './fix.ts';
import { assignmentText, flagAssignments, insertAbout, removeStatement, type TextEdit } from './placement.ts';

export function taskFixes(subject: Subject, known: Known): Fix[] {
  const task = taskAt(subject);
  if (task === undefined) return [];
  return [revisionFix(task, subject), ...stampFixes(task, subject, known), ...sharedStateFixes(task, known)];
}

/** The task whose name is at the cursor, in its definition or in `addtask`. */
export function taskAt(subject: Subject): string | undefined {
  const { statement, symbol, view, file } = subject;
  const variant = plainVariant(view.current);
  if (!variant || !symbol || !statement) return undefined;
  const task = isHead(subject)
    ? taskDefinedBy(statement, file.tree, variant)
    : symbol.kind === 'task-word'
      ? symbol.name
      : undefined;
  return task !== undefined && !task.endsWith('_setscene') && taskOf(variant, task) ? task : undefined;
}

/** A number in the hash that means nothing but that: raised, it makes the task another. */
function revisionFix(task: string, { file, view }: Subject): Fix {
  const name = `${task.replace(/^do_/, '').toUpperCase().replace(/-/g, '_')}_REVISION`;
  const raised = raisedNumber(name, file);
  const isKnown = nodeOf(view, task)?.dependencies.includes(name) === true;
  return {
    id: `revision ${task}`,
    title: `Have ${task} run again, its shared state made anew (${name})`,
    risk: `${task} and all that depends on it runs again on every machine that builds this`,
    portable: !isKnown,
    edits: (of) => {
      if (of.tree === file.tree && raised) return [raised];
      if (isKnown) return [];
      return insertAbout(of, task, [
        `# Raise this to have ${task} run again for everybody.`,
        assignmentText(of, name, '=', '1'),
        assignmentText(of, `${task}[vardeps]`, '+=', name),
      ]);
    },
  };
}

function raisedNumber(name: string, { tree }: Version): TextEdit | undefined {
  const known = tree.statements.findLast(
    (statement) =>
      statement.kind === 'assignment' && statement.variable === name && statement.flag === undefined,
  );
  if (known?.kind !== 'assignment' || !/^\d+$/.test(known.value)) return undefined;
  const { start, end } = known.valueRange;
  return {
    range: {
      start: { line: start.line, column: start.column + 1 },
      end: { line: end.line, column: end.column - 1 },
    },
    text: String(Number(known.value) + 1),
  };
}

function stampFixes(task: string, { file }: Subject, { variables }: Known): Fix[] {
  if (variables.get(task)?.flags['nostamp']) {
    const known = flagAssignments(file, task, 'nostamp').at(-1);
    if (!known) return [];
    return [
      {
        id: `stamp ${task}`,
        title: `Run ${task} only when its hash is another (take nostamp away)`,
        risk: `What it does must then depend on nothing but what is in its hash`,
        besides: `Its taskhash, and those of the tasks that depend on it, no longer change with every run`,
        portable: false,
        edits: (of) => {
          const statement = flagAssignments(of, task, 'nostamp').at(-1);
          return statement ? [removeStatement(of, statement)] : [];
        },
      },
    ];
  }
  return [
    {
      id: `nostamp ${task}`,
      title: `Run ${task} in every build (nostamp)`,
      risk: `No shared state is ever found for what depends on it, which runs in every build, too`,
      besides: `Its taskhash becomes a random number in every run, and with it that of each task that depends on it`,
      portable: true,
      edits: (of) => insertAbout(of, task, [assignmentText(of, `${task}[nostamp]`, '=', '1')]),
    },
  ];
}

function sharedStateFixes(task: string, { variables }: Known): Fix[] {
  const tasks = variables.get('SSTATETASKS')?.expanded;
  if (tasks === undefined || splitWords(tasks).includes(task)) return [];
  const word = task.replace(/^do_/, '');
  return [
    {
      id: `sstate ${task}`,
      title: `Keep what ${task} makes as shared state`,
      risk:
        `Only what ${task} puts into \${WORKDIR}/${word}-output is packed: have it write there, and nowhere else; ` +
        `correct where that is to go in sstate-outputdirs`,
      besides: `There is a setscene task more, ${task}_setscene, which takes its place where shared state is found`,
      portable: true,
      edits: (of) => {
        const place = `\${WORKDIR}/${word}-output`;
        return insertAbout(of, task, [
          assignmentText(of, 'SSTATETASKS', '+=', task),
          assignmentText(of, `${task}[sstate-inputdirs]`, '=', place),
          assignmentText(of, `${task}[sstate-outputdirs]`, '=', `\${DEPLOY_DIR}/${word}`),
          assignmentText(of, `${task}[cleandirs]`, '+=', place),
          '',
          `python ${task}_setscene() {`,
          '    sstate_setscene(d)',
          '}',
          `addtask ${task}_setscene`,
        ]);
      },
    },
  ];
}
