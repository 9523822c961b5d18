/** textDocument/publishDiagnostics: what is found in all views, told for each open document when it is another. */
import type { Diagnostic } from 'vscode-languageserver/node';
import type { Problem } from '../base/problem.ts';
import { attribute } from '../ide/attribution.ts';
import { compareEvaluations } from '../ide/comparison.ts';
import { type EditedStatement, editedStatements } from '../ide/edits.ts';
import {
  adviceFindings,
  distinct,
  type Finding,
  hashFinding,
  problemFindings,
  type SeverityOf,
} from '../ide/findings.ts';
import type { GraphView } from '../ide/rerun.ts';
import { takesPart, type View } from '../ide/view.ts';
import { parseFile } from '../syntax/parser.ts';
import type { SyntaxTraits } from '../syntax/statements.ts';
import { toDiagnostic } from './convert.ts';
import type { OpenDocument, OpenDocuments } from './documents.ts';

export interface Published {
  readonly uri: string;
  readonly version: number;
  readonly diagnostics: Diagnostic[];
}

export class Diagnostics {
  /** URI -> what the client was last told. */
  private readonly told = new Map<string, string>();
  /** Of edits that change hashes; undefined: they are not told of. */
  severityOf: SeverityOf | undefined;

  constructor(
    private readonly documents: OpenDocuments,
    private readonly traits: () => SyntaxTraits,
    private readonly hasRelated: boolean,
  ) {}

  /** What there is to tell anew. */
  update(
    views: readonly View[],
    configuration: readonly Problem[],
    graphOf: (view: View) => GraphView | undefined,
  ): Published[] {
    const open = this.documents.all();
    const isOpen = (path: string) => this.documents.get(path) !== undefined;
    const findings = distinct([
      ...open.flatMap((document) => this.syntaxFindings(document)),
      ...views.flatMap((view) => [
        ...this.hashFindings(view, graphOf(view)),
        ...problemFindings(view, configuration, isOpen),
        ...adviceFindings(view, isOpen),
      ]),
    ]);
    return open.flatMap((document) => {
      const diagnostics = findings
        .filter(({ path }) => path === document.path)
        .map((finding) => toDiagnostic(finding, (path) => this.documents.uriOf(path), this.hasRelated));
      const { uri, version } = document;
      const text = JSON.stringify(diagnostics);
      if (text === (this.told.get(uri) ?? '[]')) return [];
      this.told.set(uri, text);
      return [{ uri, version, diagnostics }];
    });
  }

  /** A closed document's are taken back. */
  closed(uri: string): boolean {
    return (this.told.get(uri) ?? '[]') !== '[]' && this.told.delete(uri);
  }

  private syntaxFindings({ path }: OpenDocument): Finding[] {
    const problems = this.documents.tree(path, this.traits())?.problems ?? [];
    return problems.flatMap(({ severity, code, message, range }) =>
      range ? [{ path, range, severity, code, message, related: [] }] : [],
    );
  }

  /** The hashes that the edits of this view's document change. */
  private hashFindings(view: View, graph: GraphView | undefined): Finding[] {
    const { current } = view;
    const { severityOf } = this;
    const changes = compareEvaluations(current, view.baseline);
    if (!current || !severityOf || changes.length === 0) return [];
    const edits = this.documents
      .edited()
      .filter(({ path }) => path === view.path || takesPart(path, current))
      .flatMap((document) => this.editsOf(document));
    return attribute(changes, edits)
      .filter(({ edit }) => edit.path === view.path)
      .map((change) =>
        hashFinding(change, current, (path) => this.documents.tree(path, this.traits()), graph, severityOf),
      );
  }

  private editsOf({ path, text, baseline }: OpenDocument): EditedStatement[] {
    const tree = this.documents.tree(path, this.traits());
    if (!tree || baseline === undefined) return [];
    const before = parseFile(path, baseline, this.traits());
    return editedStatements({ text: baseline, tree: before }, { text, tree });
  }
}
