/**
 * Errors that metadata itself can raise and catch: they keep the identity BitBake gives them, because
 * Python code on the way may handle them. Everything else that is wrong with user text is a `Problem`.
 */

/** `bb/data_smart.py: ExpansionError`: a value could not be expanded. */
export class ExpansionError extends Error {
  override readonly name = 'ExpansionError';
  /** The variables on the way, innermost first. */
  readonly chain: string[];
  constructor(
    readonly variable: string | undefined,
    readonly expression: string,
    override readonly cause: unknown,
  ) {
    super(describe(variable, expression, cause));
    this.chain = [variable ?? expression];
  }
  /** Called by each expansion that the error passes through. */
  addVariable(variable: string | undefined): void {
    if (variable) this.chain.push(variable);
  }
}

function describe(variable: string | undefined, expression: string, cause: unknown): string {
  const type = cause instanceof Error ? ((cause as { type?: string }).type ?? cause.name) : 'Exception';
  const message = cause instanceof Error ? cause.message : String(cause);
  const reason = `${type}: ${message}`;
  if (!variable) return `Failure expanding expression ${expression} which triggered exception ${reason}`;
  return expression
    ? `Failure expanding variable ${variable}, expression was ${expression} which triggered exception ${reason}`
    : `Failure expanding variable ${variable}: ${reason}`;
}

/** An expansion that would never end, or end in more than can be kept; within it, what may be to blame. */
export class EndlessError extends Error {
  override readonly name = 'RecursionError';
  constructor(
    message: string,
    /** The variable whose value leads into it, where one can be named. */
    readonly variable: string | undefined,
  ) {
    super(message);
  }
}

/** `bb.fatal`: parsing of this recipe (or configuration) cannot go on, and the user has been told why. */
export class FatalError extends Error {
  override readonly name = 'BBHandledException';
}

/** `bb/parse/__init__.py: ParseError`: a file says something BitBake refuses. `line` counts from 1; 0: none. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  constructor(
    message: string,
    readonly file: string,
    readonly line: number,
  ) {
    super(message);
  }
}
