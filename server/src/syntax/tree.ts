/** The result of reading one file. See `statements.ts` for the nodes. */
import type { Problem } from '../base/problem.ts';
import type { FileKind, Statement } from './statements.ts';

export interface SyntaxTree {
  readonly path: string;
  readonly kind: FileKind;
  readonly statements: readonly Statement[];
  /** In file order, the first 500 of each severity. With an `error`, BitBake would refuse the whole file. */
  readonly problems: readonly Problem[];
}
