/**
 * Inline Python: `${@…}` evaluated and analysed, each text analysed once.
 *
 * The few pure functions that make up most of inline Python are evaluated here without entering Python
 * (`simple.ts`); everything else goes to the runtime. What the sandbox refuses becomes an error that says so.
 */
import type { Datastore } from '../datastore/datastore.ts';
import { FatalError } from '../datastore/errors.ts';
import type { InlinePython, InlineReferences } from '../datastore/python.ts';
import { definitionDigest } from '../python/definitions.ts';
import { PythonError, type PythonAnalysis, type PythonRuntime } from '../python/runtime.ts';
import type { ParseContext } from './context.ts';
import { mayLast } from './effects.ts';
import { evaluateSimple } from './simple.ts';

export class InlineEvaluator implements InlinePython {
  private readonly analyses = new Map<string, PythonAnalysis>();
  /** Those that the present recipe needed. */
  private used = new Map<string, PythonAnalysis>();
  /** Those of earlier sessions: the text's digest -> as it is written. */
  private readonly recalled = new Map<string, string>();
  private readonly written = new WeakMap<PythonAnalysis, string>();
  private readonly digests = new WeakMap<PythonAnalysis, string>();
  /** The digests of the texts whose analyses were recalled for the present recipe; undefined: none were. */
  private recalledHere: ReadonlySet<string> | undefined;
  /** Set once, when the context exists that this is part of. */
  context!: ParseContext;
  constructor(private readonly runtime: PythonRuntime) {}

  evaluate(expression: string, d: Datastore, variable: string | undefined): string | undefined {
    const { decisive } = this.context.datastoreContext.frames;
    return decisive.deciding(() => this.evaluateAny(expression, d, variable));
  }

  private evaluateAny(expression: string, d: Datastore, variable: string | undefined): string | undefined {
    const simple = evaluateSimple(expression, d);
    if (simple !== undefined) return simple;
    const { frames } = this.context.datastoreContext;
    const before = frames.doubts;
    try {
      return this.runtime.evaluate(expression, this.context.numberOf(d), variable);
    } catch (error) {
      if (isUnterminated(error)) return undefined;
      throw error;
    } finally {
      const isLibraryFunction = (name: string) => this.context.moduleFunctions.has(name);
      if (frames.doubts !== before && mayLast(expression, d, isLibraryFunction)) frames.putAllInDoubt();
    }
  }

  analyse(expression: string, variable: string | undefined): InlineReferences {
    return this.analysis(expression, variable ?? '');
  }

  /** @throws FatalError where the text is no Python: BitBake refuses the recipe */
  analysis(text: string, variable: string): PythonAnalysis {
    let found = this.analyses.get(text);
    if (!found) {
      found = this.recall(text) ?? this.runtime.analyse(text, variable);
      this.analyses.set(text, found);
    }
    this.used.set(text, found);
    if (found.syntaxError) {
      throw new FatalError(`${variable} is no valid Python: ${found.syntaxError.message}`);
    }
    if (found.error !== undefined) throw new FatalError(`${variable} cannot be analysed: ${found.error}`);
    return found;
  }

  private recall(text: string): PythonAnalysis | undefined {
    if (this.recalled.size === 0) return undefined;
    const written = this.recalled.get(definitionDigest(text));
    return written === undefined ? undefined : readAnalysis(written);
  }

  /** A recipe begins. @param recollection what `recollection` told in any session */
  begin(recollection?: string): void {
    this.used = new Map();
    this.recalledHere = undefined;
    if (recollection === undefined) return;
    const recalled = JSON.parse(recollection) as WrittenAnalysis[];
    for (const [digest, written] of recalled) this.recalled.set(digest, written);
    this.recalledHere = new Set(recalled.map(([digest]) => digest));
  }

  /** Whether `recollection` holds more than the present recipe began with. */
  get didMore(): boolean {
    const { recalledHere, used } = this;
    return (
      !recalledHere || [...used].some(([text, analysis]) => !recalledHere.has(this.digestOf(text, analysis)))
    );
  }

  /** The analyses that the present recipe needed. */
  get recollection(): string {
    return `[${Array.from(this.used, ([text, analysis]) => this.write(text, analysis)).join()}]`;
  }

  private write(text: string, analysis: PythonAnalysis): string {
    let written = this.written.get(analysis);
    if (written === undefined) {
      const entry: WrittenAnalysis = [this.digestOf(text, analysis), writeAnalysis(analysis)];
      this.written.set(analysis, (written = JSON.stringify(entry)));
    }
    return written;
  }

  private digestOf(text: string, analysis: PythonAnalysis): string {
    let digest = this.digests.get(analysis);
    if (digest === undefined) this.digests.set(analysis, (digest = definitionDigest(text)));
    return digest;
  }

  applyFilter(value: string, expression: string): string {
    const { decisive } = this.context.datastoreContext.frames;
    return decisive.deciding(() => this.runtime.applyFilter(value, expression));
  }
}

type WrittenAnalysis = readonly [digest: string, analysis: string];

function writeAnalysis(analysis: PythonAnalysis): string {
  return JSON.stringify({ ...analysis, contains: [...analysis.contains] });
}

function readAnalysis(written: string): PythonAnalysis {
  const { contains, ...analysis } = JSON.parse(written) as PythonAnalysis;
  return { ...analysis, contains: new Map(contains) };
}

/** BitBake leaves an expression alone when its text ends inside a string: it was cut at a brace of the string. */
function isUnterminated(error: unknown): boolean {
  return (
    error instanceof PythonError &&
    error.type === 'SyntaxError' &&
    (error.message.startsWith('unterminated string literal') ||
      error.message.startsWith('EOL while scanning string literal'))
  );
}
