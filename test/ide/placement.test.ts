import { describe, expect, it } from 'vitest';
import {
  addToFlag,
  applyEdits,
  assignmentText,
  insertAbout,
  removeFromFlag,
} from '../../server/src/ide/fixes/placement.ts';
import { parseFile } from '../../server/src/syntax/parser.ts';
import { syntaxTraits } from '../../server/src/syntax/traits.ts';

const version = (text: string) => ({ text, tree: parseFile('/l/a.bb', text, syntaxTraits(2, 18)) });

describe('a new statement', () => {
  const inserted = (text: string) => applyEdits(text, insertAbout(version(text), 'do_x', ['do_x[f] = "1"']));

  it('stands behind the last flag, the text or the addtask of what it is about', () => {
    expect(inserted('do_x[a] = "1"\nA = "2"\ndo_x() {\n:\n}\n')).toBe(
      'do_x[a] = "1"\ndo_x[f] = "1"\nA = "2"\ndo_x() {\n:\n}\n',
    );
    expect(inserted('addtask x\nA = "2"\n')).toBe('addtask x\ndo_x[f] = "1"\nA = "2"\n');
    expect(inserted('do_x:append() {\n:\n}\n\nA = "2"\naddtask x\n')).toBe(
      'do_x:append() {\n:\n}\ndo_x[f] = "1"\n\nA = "2"\naddtask x\n',
    );
    expect(inserted('def do_x(d):\n    return 1\n\n\nA = "2"\n')).toBe(
      'def do_x(d):\n    return 1\ndo_x[f] = "1"\n\n\nA = "2"\n',
    );
  });

  it('stands at the end where the file says nothing of it, behind a blank line', () => {
    expect(inserted('')).toBe('do_x[f] = "1"\n');
    expect(inserted('A = "1"\n')).toBe('A = "1"\n\ndo_x[f] = "1"\n');
    expect(inserted('A[b] = "1"\n\n')).toBe('A[b] = "1"\ndo_x[f] = "1"\n\n');
    expect(inserted('A = "1"')).toBe('A = "1"\n\ndo_x[f] = "1"');
  });

  it('has the line ends and quotes of the file', () => {
    expect(inserted('do_x() {\r\n:\r\n}\r\n')).toBe('do_x() {\r\n:\r\n}\r\ndo_x[f] = "1"\r\n');
    const single = version("A = 'b'\nC = 'd'\nE = \"f\"\n");
    expect(assignmentText(single, 'G', '=', 'h')).toBe("G = 'h'");
    expect(assignmentText(single, 'G', '=', "'h'")).toBe('G = "\'h\'"');
  });
});

describe('a word of a flag', () => {
  const added = (text: string) => applyEdits(text, addToFlag(version(text), 'A', 'vardeps', 'X'));
  const removed = (text: string) => applyEdits(text, removeFromFlag(version(text), 'A', 'vardeps', 'X'));

  it('is added to the list that is there', () => {
    expect(added('A[vardeps] = "B"\n')).toBe('A[vardeps] = "B X"\n');
    expect(added("A[vardeps] += ''\n")).toBe("A[vardeps] += 'X'\n");
    expect(added('A[vardeps] = "B \\\n  C \\\n  "\n')).toBe('A[vardeps] = "B \\\n  C \\\n  X \\\n  "\n');
    expect(added('A[vardeps] = "B \\\n  C"\n')).toBe('A[vardeps] = "B \\\n  C X"\n');
    expect(added('A[vardeps] ?= "B"\n')).toBe('A[vardeps] ?= "B"\nA[vardeps] += "X"\n');
  });

  it('is taken out, and the statement with the last', () => {
    expect(removed('A[vardeps] = "B X C"\n')).toBe('A[vardeps] = "B C"\n');
    expect(removed('A[vardeps] = "X C"\n')).toBe('A[vardeps] = "C"\n');
    expect(removed('A[vardeps] = "XX X"\n')).toBe('A[vardeps] = "XX"\n');
    expect(removed('A[vardeps] = "B \\\n  X \\\n  C"\n')).toBe('A[vardeps] = "B \\\n  C"\n');
    expect(removed('A[vardeps] = "B"\nA[vardeps] += " X "\nC = "1"\n')).toBe('A[vardeps] = "B"\nC = "1"\n');
    expect(removed('A[vardeps] = "${X}"\n')).toBe('A[vardeps] = "${X}"\n');
  });
});
