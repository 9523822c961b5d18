/**
 * The text of a metadata file without what no release of BitBake makes anything of: comments and blank lines between
 * statements. Two texts that are the same here give the same statements, on other lines.
 *
 * Goes by lines, and leaves out only where it is certain: behind a line that is a whole statement of its own, or the
 * end of a function. What stands in functions, values and continued lines is never left out. Needs no trait, so that
 * it is the same for everybody who compares.
 */

const LINE_END = /\r\n|\r|\n/;
const ASSIGNMENT =
  /^(?:export\s+)?[\w\-.+/~${}:]+(?:\[[\w\-+.@/]+\])?\s*(?:\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*(?:"[^"]*"|'[^']*')\s*$/;
const DIRECTIVE =
  /^(?:inherit|inherit_defer|include|include_all|require|addtask|deltask|addhandler|addpylib|addfragments|unset|export|EXPORT_FUNCTIONS)\s[^\\"'(){}]*$/;

/** @param keepLines what is left out leaves an empty line behind, so that statements stay on theirs */
export function significantText(text: string, keepLines = false): string {
  const kept: string[] = [];
  /** Nothing of a statement is open. */
  let between = true;
  let inFunction = false;
  for (const line of text.split(LINE_END)) {
    if (between && isNothing(line)) {
      if (keepLines) kept.push('');
      continue;
    }
    const continues = kept.at(-1)?.endsWith('\\') === true;
    kept.push(line);
    if (inFunction) {
      if (line.trimEnd() !== '}') continue;
      inFunction = false;
      between = true;
      continue;
    }
    inFunction = /\{\s*$/.test(line) && !line.startsWith('#');
    between = !inFunction && !continues && (ASSIGNMENT.test(line) || DIRECTIVE.test(line));
  }
  const short = kept.join('\n');
  // Of a function without an end, its last blank lines are part.
  return inFunction ? short : short.trimEnd();
}

function isNothing(line: string): boolean {
  return line.startsWith('#') ? !line.endsWith('\\') : line.trim() === '';
}
