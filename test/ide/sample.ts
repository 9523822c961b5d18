/**
 * The sample workspace evaluated in this process, with edits laid over its files: what `ide` is asked about. Its
 * layer is named by an absolute path, so that all paths are spelled alike.
 */
import { cpSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { attribute } from '../../server/src/ide/attribution.ts';
import { compareEvaluations } from '../../server/src/ide/comparison.ts';
import { editedStatements } from '../../server/src/ide/edits.ts';
import { hashFinding } from '../../server/src/ide/findings.ts';
import type { GraphView } from '../../server/src/ide/rerun.ts';
import type { Trees, View } from '../../server/src/ide/view.ts';
import { parseFile } from '../../server/src/syntax/parser.ts';
import { syntaxTraits } from '../../server/src/syntax/traits.ts';
import type { SyntaxTree } from '../../server/src/syntax/tree.ts';
import { openEvaluator } from '../harness/engine.ts';

const SAMPLE = join(import.meta.dirname, '../../samples/workspace');
const TRAITS = syntaxTraits(2, 18);

export const HELLO = 'meta-sample/recipes-sample/hello/hello_1.0.bb';
export const INC = 'meta-sample/recipes-sample/hello/hello.inc';
export const BUILDINFO = 'meta-sample/classes/buildinfo.bbclass';

/** File -> what is replaced in it, and by what. */
export type Edits = Readonly<Record<string, readonly (readonly [old: string, replacement: string])[]>>;

export class Sample {
  private constructor(
    readonly folder: string,
    private readonly files: HostFiles,
    private readonly evaluator: RecipeEvaluator,
  ) {}

  static async open(): Promise<Sample> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-ide-')));
    cpSync(SAMPLE, folder, { recursive: true, filter: (path) => !/\/build\/(?!conf)/.test(path) });
    const layers = join(folder, 'build/conf/bblayers.conf');
    const text = readFileSync(layers, 'utf8').replaceAll('${TOPDIR}/../meta-sample', `${folder}/meta-sample`);
    writeFileSync(layers, text);
    const build = openBuildDirectory(join(folder, 'build'));
    const files = new HostFiles(build.roots);
    return new Sample(folder, files, await openEvaluator(build.path, 'wrynose', {}, files));
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  /** A recipe with edits, seen from one of its files. */
  view(edits: Edits, document = HELLO, recipe = HELLO): Seen {
    const baseline = this.evaluator.evaluate(this.path(recipe));
    const texts = new Map<string, { before: string; after: string }>();
    for (const [file, replacements] of Object.entries(edits)) {
      const before = readFileSync(this.path(file), 'utf8');
      const after = replacements.reduce((text, [old, replacement]) => {
        if (!text.includes(old)) throw new Error(`${file} has no ${old}`);
        return text.replace(old, () => replacement);
      }, before);
      texts.set(this.path(file), { before, after });
      this.files.setOverlay(this.path(file), after);
    }
    const current = this.evaluator.evaluate(this.path(recipe));
    for (const path of texts.keys()) this.files.setOverlay(path, undefined);
    const view = {
      path: this.path(document),
      recipe: this.path(recipe),
      current,
      baseline,
      failure: undefined,
      advice: [],
    };
    return new Seen(this.folder, view, texts);
  }
}

export class Seen {
  constructor(
    private readonly folder: string,
    readonly view: View,
    private readonly texts: ReadonlyMap<string, { readonly before: string; readonly after: string }>,
  ) {}

  get text(): string {
    return this.texts.get(this.view.path)?.after ?? readFileSync(this.view.path, 'utf8');
  }

  get tree(): SyntaxTree {
    return parseFile(this.view.path, this.text, TRAITS);
  }

  readonly trees: Trees = (path) => {
    const text = this.texts.get(path)?.after ?? readFileSync(path, 'utf8');
    return parseFile(path, text, TRAITS);
  };

  /** The findings of all edits: `hello_1.0.bb:17:5-17:12 message`, counted from 1. */
  hashFindings(graph?: GraphView): string[] {
    const version = (path: string, text: string) => ({ text, tree: parseFile(path, text, TRAITS) });
    const edits = [...this.texts].flatMap(([path, { before, after }]) =>
      editedStatements(version(path, before), version(path, after)),
    );
    const { current, baseline } = this.view;
    return attribute(compareEvaluations(current, baseline), edits).map((change) => {
      const { path, range, message } = hashFinding(change, current!, this.trees, graph);
      const { start, end } = range;
      const place = `${start.line + 1}:${start.column + 1}-${end.line + 1}:${end.column + 1}`;
      return `${path.slice(path.lastIndexOf('/') + 1)}:${place} ${message}`;
    });
  }

  /** Paths as they are in the sample. */
  relative(text: string): string {
    return text.replaceAll(`${this.folder}/`, '');
  }
}
