/**
 * The open documents: their texts, the texts of their baseline, and which recipes the user is at work on.
 *
 * A document is known by the canonical path of its file. Files that are not open count as they are on disk.
 */
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { canonicalPath, readSource } from '../host/sources.ts';
import { parseFile } from '../syntax/parser.ts';
import type { SyntaxTraits } from '../syntax/statements.ts';
import type { SyntaxTree } from '../syntax/tree.ts';
import type { BaselineTexts } from './baseline.ts';

export interface OpenDocument {
  readonly path: string;
  readonly uri: string;
  readonly version: number;
  readonly text: string;
  /** What edits are compared with (`baseline.ts`); undefined until it has been asked for, and where there is no file. */
  readonly baseline: string | undefined;
}

interface Parsed {
  readonly text: string;
  readonly traits: SyntaxTraits;
  readonly tree: SyntaxTree;
}

export class OpenDocuments {
  private readonly open = new Map<string, OpenDocument>();
  private readonly paths = new Map<string, string>();
  /** Trees of open documents and of files on disk; a file's goes with `fileChanged`. */
  private readonly trees = new Map<string, Parsed>();
  /** The latest first. */
  private recent: string[] = [];

  constructor(private readonly baselines: BaselineTexts) {}

  /** Takes over a document's text. @returns its path; undefined for one that is no file */
  set({ uri, version }: TextDocument, text: string): string | undefined {
    const path = this.pathOf(uri);
    if (path === undefined) return undefined;
    const baseline = this.open.get(path)?.baseline;
    this.open.set(path, { path, uri, version, text, baseline });
    this.touch(path);
    return path;
  }

  /** The user looks at it or works on it. */
  touch(path: string): void {
    if (this.recent[0] !== path) this.recent = [path, ...this.recent.filter((other) => other !== path)];
  }

  close(uri: string): string | undefined {
    const path = this.pathOf(uri);
    this.paths.delete(uri);
    if (path === undefined || this.open.get(path)?.uri !== uri) return undefined;
    this.open.delete(path);
    this.trees.delete(path);
    this.recent = this.recent.filter((other) => other !== path);
    return path;
  }

  get(path: string): OpenDocument | undefined {
    return this.open.get(path);
  }

  byUri(uri: string): OpenDocument | undefined {
    const path = this.paths.get(uri);
    return path === undefined ? undefined : this.open.get(path);
  }

  /** Those last worked on first. */
  all(): OpenDocument[] {
    return this.recent.flatMap((path) => this.open.get(path) ?? []);
  }

  /** The URI by which the editor knows a file. */
  uriOf(path: string): string {
    return this.open.get(path)?.uri ?? pathToFileURL(path).href;
  }

  /** Asks for the baseline anew. @returns whether it is another than before */
  async readBaseline(path: string): Promise<boolean> {
    const text = await this.baselines.text(path);
    const document = this.open.get(path);
    if (!document || document.baseline === text) return false;
    this.open.set(path, { ...document, baseline: text });
    return true;
  }

  /** Open documents whose text is not their baseline's. */
  edited(): OpenDocument[] {
    return this.all().filter(({ text, baseline }) => baseline !== undefined && !sameText(text, baseline));
  }

  /** The tree of an open document or of a file on disk. */
  tree(path: string, traits: SyntaxTraits): SyntaxTree | undefined {
    const known = this.trees.get(path);
    const document = this.open.get(path);
    if (known?.traits === traits && (!document || known.text === document.text)) return known.tree;
    const text = document ? document.text : readSource(path);
    if (text === undefined) return undefined;
    const tree = parseFile(path, text, traits);
    this.trees.set(path, { text, traits, tree });
    return tree;
  }

  fileChanged(path: string): void {
    if (!this.open.has(path)) this.trees.delete(path);
  }

  private pathOf(uri: string): string | undefined {
    if (!uri.startsWith('file:')) return undefined;
    let path = this.paths.get(uri);
    if (path === undefined) {
      try {
        path = canonicalPath(fileURLToPath(uri));
      } catch {
        return undefined;
      }
      this.paths.set(uri, path);
    }
    return path;
  }
}

/** Whether two texts are the same to BitBake, which takes every kind of line end for one. */
export function sameText(a: string, b: string): boolean {
  return a === b || normalised(a) === normalised(b);
}

function normalised(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}
