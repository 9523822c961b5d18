/**
 * What edits are compared with: the texts of a commit, those on disk, those of a moment, or what the last build hashed.
 *
 * Of a file that the baseline does not have, the text on disk counts.
 */
import type { GitTexts } from '../host/git.ts';
import { readSource } from '../host/sources.ts';

export type BaselineKind = 'head' | 'mergeBase' | 'saved' | 'now' | 'lastBuild';

export interface BaselineChoice {
  readonly kind: BaselineKind;
  /** For `mergeBase`; empty: the main branch. */
  readonly branch: string;
}

export const BASELINES: Readonly<Record<BaselineKind, string>> = {
  head: 'git HEAD',
  mergeBase: 'the merge base',
  saved: 'the saved files',
  now: 'the moment it was chosen',
  lastBuild: 'the last build',
};

export class BaselineTexts {
  private choice: BaselineChoice = { kind: 'head', branch: '' };
  /** Texts as they were when `now` was chosen, or when their documents were opened later. */
  private moment = new Map<string, string>();

  constructor(private readonly git: GitTexts) {}

  get kind(): BaselineKind {
    return this.choice.kind;
  }

  /** @param open documents as they are: their texts count for `now` */
  choose(choice: BaselineChoice, open: readonly { readonly path: string; readonly text: string }[]): void {
    this.choice = choice;
    this.moment = new Map(open.map(({ path, text }) => [path, text]));
  }

  /** Undefined where there is no such file. */
  async text(path: string): Promise<string | undefined> {
    const { kind, branch } = this.choice;
    switch (kind) {
      case 'saved':
        return readSource(path);
      case 'now': {
        const text = this.moment.get(path) ?? readSource(path);
        if (text !== undefined) this.moment.set(path, text);
        return text;
      }
      case 'mergeBase':
        return (await this.git.mergeBaseText(path, branch)) ?? readSource(path);
      // Which edits a build did not see yet cannot be told: those since HEAD are the best guess for where they are.
      case 'head':
      case 'lastBuild':
        return (await this.git.headText(path)) ?? readSource(path);
    }
  }
}
