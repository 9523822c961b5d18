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

export function fixesAt(subject: Subject, known: Known): Fix[] {
  const all = [
    ...advisedFixes(subject, known),
    ...dependencyFixes(subject, known),
    ...taskFixes(subject, known),
  ];
  return all.filter(({ id }, index) => all.findIndex((other) => other.id === id) === index);
}
