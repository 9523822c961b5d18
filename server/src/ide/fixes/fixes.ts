/** All quick fixes for dependencies at a place, those that solve a problem first. */
import { advisedFixes } from './advised.ts';
import { dependencyFixes } from './dependencies.ts';
import { type Fix, type Known, PLACES, type Subject } from './fix.ts';
import { taskAt, taskFixes } from './tasks.ts';

/** The variables that are to be looked up before fixes for a subject can be told. */
export function lookups(subject: Subject): string[] {
  const { symbol, owners } = subject;
  const task = taskAt(subject);
  return [
    ...new Set([
      ...(symbol ? [symbol.name] : []),
      ...(task === undefined ? [] : [task]),
      ...owners,
      'SSTATETASKS',
      ...PLACES,
    ]),
  ];
}

/** What is said of a fix in a file that every recipe starts from. */
const BEYOND = 'Other recipes that use it change, too: only this one was evaluated';

/** In a file of the configuration those that are about tasks are left out: which tasks there are is a recipe's to say. */
export function fixesAt(subject: Subject, known: Known): Fix[] {
  const isConfiguration = subject.file.tree.kind === 'configuration';
  const all = [
    ...advisedFixes(subject, known),
    ...dependencyFixes(subject, known),
    ...(isConfiguration ? [] : taskFixes(subject, known)),
  ].map((fix) => (isConfiguration ? { ...fix, portable: false, besides: BEYOND } : fix));
  return all.filter(({ id }, index) => all.findIndex((other) => other.id === id) === index);
}
