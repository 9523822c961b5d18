/**
 * Requests of our own for reviewing what a branch and the present edits do to hashes, for clients that know them.
 *
 * - `sstateLens/branches`: `{}` to `{ branches }`: what can be reviewed against, those with the latest commits first
 * - `sstateLens/review`: `{ branch? }` to `{ title, message, nodes, marks }`: all tasks that have another hash than where
 *   the work since has parted from `branch` (left out: from the upstream branch), unsaved texts included. `nodes` is a
 *   tree as in `outlineRequests.ts`, of root causes, recipes and tasks; each has a `side`, `base` or `head`, in which its
 *   `uri` and `range` are, and `gone: true` where that file is not there any more. `marks` are the changed lines,
 *   `{ uri, side, range, text, detail }`: what they do in a few words, and in sentences. Shows progress that can be
 *   cancelled; evaluates all recipes, as far as an earlier start has not done so
 * - `sstateLens/baseText`: `{ uri }` to `{ text }`: a changed file as it was in the base of the last review; null where it
 *   was not there
 */
import { fileURLToPath } from 'node:url';
import type { Range as ProtocolRange } from 'vscode-languageserver/node';
import { presentFile } from '../host/disk.ts';
import { GitFault } from '../host/gitTrees.ts';
import { openSide } from '../host/reviewSides.ts';
import { branchesOf, readStates, type States } from '../host/reviewStates.ts';
import { canonicalPath, readSource } from '../host/sources.ts';
import type { Impact } from '../ide/impact.ts';
import { countsText } from '../ide/impactWords.ts';
import { review, type Review } from '../ide/review.ts';
import { reviewMarks, type ReviewNode, reviewOutline } from '../ide/reviewOutline.ts';
import { toRange } from './convert.ts';
import { refused } from './graphRequests.ts';
import type { Session } from './session.ts';
import { type Looking, unlessAborted } from './sstateRequest.ts';

export const BRANCHES = 'sstateLens/branches';
export const REVIEW = 'sstateLens/review';
export const BASE_TEXT = 'sstateLens/baseText';

/** How a review is told of. */
export type Reviewing = Omit<Looking, 'report'> & { say(what: string): void };

type ShownNode = Omit<ReviewNode, 'place' | 'children'> & {
  readonly uri?: string;
  readonly range?: ProtocolRange;
  readonly gone?: true;
  readonly children?: readonly ShownNode[];
};

export class Reviews {
  /** Canonical path -> text in the base of the last review; undefined: it was not there. */
  private baseTexts: ReadonlyMap<string, string | undefined> = new Map();

  async branches(session: Session): Promise<{ readonly branches: readonly string[] }> {
    return { branches: await told(branchesOf(openedBuild(session).directory)) };
  }

  async review(params: unknown, session: Session, begin: () => Promise<Reviewing>): Promise<object> {
    const { branch } = (params ?? {}) as { branch?: unknown };
    if (branch !== undefined && (typeof branch !== 'string' || branch === ''))
      throw refused('branch: give the name of a branch or commit, or leave it out');
    const { directory } = openedBuild(session);
    const unsaved = session.documents
      .all()
      .filter(
        ({ path, text }) => directory.roots.some((root) => isBelow(path, root)) && text !== readSource(path),
      )
      .map(({ path, text }) => [path, text] as const);
    const work = await begin();
    try {
      work.say('asking git what differs');
      const states = await told(
        readStates(directory, {
          ...(branch !== undefined && { base: [branch], mergeBase: true }),
          directory: directory.path,
          unsaved: new Map(unsaved),
        }),
      );
      const found = await this.compared(states, session, work);
      this.baseTexts = new Map(
        states.changed.flatMap(({ path, oldPath, before }) => [
          [path, before],
          [oldPath, before],
        ]),
      );
      return answer(found, states, session);
    } finally {
      work.end();
    }
  }

  private async compared(states: States, session: Session, work: Reviewing): Promise<Review> {
    const { directory, environment, cacheDirectory } = openedBuild(session);
    const { signal } = work;
    const notes: string[] = [];
    const options = {
      environment,
      cacheDirectory,
      signal,
      onTrouble: (message: string) => notes.push(message),
    };
    const [base, head] = [states.base, states.head].map((state) => openSide(directory, state, options)) as [
      ReturnType<typeof openSide>,
      ReturnType<typeof openSide>,
    ];
    const doing = review(base, head, {
      targets: ['universe'],
      changed: states.changed,
      spelled: canonicalPath,
      progress: (what) => work.say(what),
      lost: (side, path, reason) => notes.push(`${path}: in the ${side} state: ${reason}`),
    });
    try {
      return await unlessAborted(doing, signal);
    } catch (error) {
      doing.catch(() => undefined);
      throw refused(`the review came to no end: ${(error as Error).message}`);
    } finally {
      await Promise.all([base.close(), head.close()]);
      for (const note of notes) session.log(note);
    }
  }

  baseText(params: unknown): { readonly text: string | null } {
    const { uri } = (params ?? {}) as { uri?: unknown };
    if (typeof uri !== 'string' || !uri.startsWith('file:')) throw refused('uri: give that of a file');
    const path = canonicalPath(fileURLToPath(uri));
    if (!this.baseTexts.has(path)) throw refused(`${path} is no file that the last review found changed`);
    return { text: this.baseTexts.get(path) ?? null };
  }
}

function openedBuild(session: Session) {
  const { opened } = session;
  if (!opened) throw refused('there is no build directory: choose one with sstateLens.buildDirectory');
  return opened;
}

/** What git said, as an answer to a request. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof GitFault ? refused(error.message) : error;
  }
}

function answer({ impact, head, complete, newProblems }: Review, states: States, session: Session): object {
  const bases = states.repositories.map(({ top, base }) => {
    const name = top.slice(top.lastIndexOf('/') + 1);
    return base ? `${name} since ${base.name} (${base.commit.slice(0, 12)})` : `${name} as it is`;
  });
  const uriOf = (path: string) => session.documents.uriOf(canonicalPath(path));
  const marks = reviewMarks(impact).map(({ path, range, ...mark }) => ({
    ...mark,
    uri: uriOf(path),
    range: toRange(range),
  }));
  const warnings = [
    ...newProblems.map(({ message }) => `BitBake would stop at: ${message}.`),
    ...(complete ? [] : ['Not every recipe could be evaluated in both states: the log says which and why.']),
  ];
  return {
    title: `${head.machine ?? 'no MACHINE'}: ${bases.join(', ')}`,
    message: [...warnings, ...figures(impact)].join(' '),
    nodes: shown(reviewOutline(impact), uriOf),
    marks,
  };
}

function figures({ basehashes, taskhashes, causes }: Impact): string[] {
  if (causes.length === 0) return ['No hash changes.'];
  return [`${countsText(taskhashes, 'taskhash')}; ${countsText(basehashes, 'basehash')}.`];
}

function shown(nodes: readonly ReviewNode[], uriOf: (path: string) => string): ShownNode[] {
  return nodes.map(({ place, children, ...node }) => ({
    ...node,
    ...(place && { uri: uriOf(place.path), range: toRange(place.range) }),
    ...(place &&
      node.side === 'base' &&
      presentFile(place.path)?.kind === 'absent' && { gone: true as const }),
    ...(children && { children: shown(children, uriOf) }),
  }));
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(`${canonicalPath(root)}/`);
}
