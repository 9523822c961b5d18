/** The result of reading one file. See `statements.ts` for the nodes. */
import type { Problem } from '../base/problem.ts';
import type { FileKind, Statement } from './statements.ts';

export interface SyntaxTree {
  readonly path: string;
  readonly kind: FileKind;
  readonly statements: readonly Statement[];
  /** In file order. With one of severity `error`, BitBake would refuse the whole file. */
  readonly problems: readonly Problem[];
}
