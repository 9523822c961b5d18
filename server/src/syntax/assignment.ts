/**
 * Recognises an assignment in a logical line, as `bb/parse/parse_py/ConfHandler.py: __config_regexp__`
 * does, in time linear to the line's length.
 *
 * What makes the regular expression's answer unique: a variable's characters end in a run, so an
 * operator begins either with the last character of that run (`A+="x"` is `+=`) or right behind it,
 * the former being tried first; and between the operator and the quote only white space may stand, so
 * at most one operator fits a place.
 */
import { CharacterSet, isSpace, skipSpace } from './characters.ts';
import type { AssignmentOperator, SyntaxTraits } from './statements.ts';

/** Offsets into the line. */
export interface AssignmentParts {
  readonly exported: boolean;
  readonly variableStart: number;
  readonly variableEnd: number;
  /** Between the brackets; undefined without a flag. */
  readonly flag: { readonly start: number; readonly end: number } | undefined;
  readonly operator: AssignmentOperator;
  readonly operatorStart: number;
  /** The opening quote. The closing one is the line's last character. */
  readonly quote: number;
}

const VARIABLE = new CharacterSet('a-zA-Z0-9\\-_+.${}/~:');

/** In the order in which they are tried. */
const OPERATORS: readonly AssignmentOperator[] = [':=', '??=', '?=', '+=', '=+', '=.', '.=', '='];

export class AssignmentScanner {
  private readonly flagFirst: CharacterSet;
  private readonly flagRest: CharacterSet;
  private readonly shortest: 0 | 1;

  constructor(traits: SyntaxTraits) {
    this.flagFirst = new CharacterSet(traits.flagFirst);
    this.flagRest = new CharacterSet(traits.flagRest);
    this.shortest = traits.emptyVariableIsMatched ? 0 : 1;
  }

  /** The parts of `text`, or undefined where it is no assignment. The variable's name may be empty. */
  scan(text: string): AssignmentParts | undefined {
    if (text.startsWith('export') && isSpace(text.charCodeAt(6))) {
      const parts = this.scanFrom(text, skipSpace(text, 6), true);
      if (parts !== undefined) return parts;
    }
    return this.scanFrom(text, 0, false);
  }

  private scanFrom(text: string, start: number, exported: boolean): AssignmentParts | undefined {
    const run = VARIABLE.skip(text, start);
    const inside = run - 1;
    if (text[run] === '=' && inside - start >= this.shortest && ':+.'.includes(text[inside]!)) {
      const quote = quoteAt(text, run + 1);
      if (quote !== undefined) {
        const operator = text.slice(inside, run + 1) as AssignmentOperator;
        return {
          exported,
          variableStart: start,
          variableEnd: inside,
          flag: undefined,
          operator,
          operatorStart: inside,
          quote,
        };
      }
    }
    if (run - start < this.shortest) return undefined;
    const flag = this.flagAt(text, run);
    const found = operatorAt(text, skipSpace(text, flag === undefined ? run : flag.end + 1));
    return found && { exported, variableStart: start, variableEnd: run, flag, ...found };
  }

  private flagAt(text: string, at: number): AssignmentParts['flag'] {
    if (text[at] !== '[' || !this.flagFirst.has(text.charCodeAt(at + 1))) return undefined;
    const end = this.flagRest.skip(text, at + 2);
    return text[end] === ']' ? { start: at + 1, end } : undefined;
  }
}

function operatorAt(
  text: string,
  at: number,
): Pick<AssignmentParts, 'operator' | 'operatorStart' | 'quote'> | undefined {
  for (const operator of OPERATORS) {
    if (!text.startsWith(operator, at)) continue;
    const quote = quoteAt(text, at + operator.length);
    if (quote !== undefined) return { operator, operatorStart: at, quote };
  }
  return undefined;
}

/**
 * The offset of the quote that opens a value after white space from `at` on: the same quote must end
 * the line, and there must not be exactly three of them (`"a" "`), which is refused as unbalanced.
 */
function quoteAt(text: string, at: number): number | undefined {
  const opening = skipSpace(text, at);
  const quote = text[opening];
  if (quote !== '"' && quote !== "'") return undefined;
  const last = text.length - 1;
  if (last <= opening || text[last] !== quote) return undefined;
  const second = text.indexOf(quote, opening + 1);
  const third = second === last ? -1 : text.indexOf(quote, second + 1);
  return third === last ? undefined : opening;
}
