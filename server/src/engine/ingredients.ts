/**
 * Notes while a recipe is evaluated what its hashes are made of and whose values decided more than hashes, so that
 * they can be made again after an edit of a function (`signature/rehash.ts`). Knows no edit.
 */
import type { Datastore } from '../datastore/datastore.ts';
import { splitWords } from '../base/words.ts';
import type { ParseContext } from '../metadata/context.ts';
import type { GeneratedDependencies } from '../signature/dependencies.ts';
import { TellingIngredients, type ToldIngredients, type ToldVariant } from '../signature/ingredients.ts';
import type { VariantSignatures } from '../signature/signatures.ts';

export class IngredientNotes {
  private telling = new TellingIngredients();
  private readonly variants = new Map<string, ToldVariant>();
  /** Variables whose values decided the configuration, or what is asked of it for all recipes. */
  private readonly lasting: Set<string>;
  /** What no hash depends on. */
  private known: ReadonlySet<string> | undefined;

  /** Made when the configuration has been read. @param plain that of no multiconfig */
  constructor(
    private readonly ctx: ParseContext,
    private readonly plain: Datastore,
  ) {
    this.lasting = ctx.datastoreContext.frames.takeValues();
    this.noteShared();
  }

  /** Who is told has let go of what was told before. */
  tellFromTheStart(): void {
    this.telling = new TellingIngredients();
    this.noteShared();
  }

  /** The names that are there whatever the recipe is. */
  private noteShared(): void {
    this.telling.note(this.ctx.moduleFunctions.keys());
    if (this.known) this.telling.note(this.plain.mentioned());
  }

  /** Whether the value of a variable decided the configuration, or may have. */
  decided(variable: string): boolean {
    return this.lasting.has(variable) || this.ctx.datastoreContext.frames.hasAskedFor(variable);
  }

  /** The functions whose texts decided the configuration. */
  get evaluated(): string[] {
    return [...this.ctx.functions].filter((name) => this.lasting.has(name));
  }

  /** A recipe is about to be evaluated. */
  begin(): void {
    this.variants.clear();
    this.ctx.datastoreContext.frames.takeValues();
  }

  /** The list is read once, from the plain configuration for all: `bb/siggen.py` does so when it starts. */
  get ignored(): ReadonlySet<string> {
    if (!this.known) {
      const { frames } = this.ctx.datastoreContext;
      const others = frames.takeValues();
      this.known = new Set(splitWords(this.plain.getText(this.ctx.release.signature.ignoreVariable) ?? ''));
      for (const name of frames.takeValues()) this.lasting.add(name);
      for (const name of others) frames.askValue(name);
      this.telling.note(this.plain.mentioned());
    }
    return this.known;
  }

  /**
   * @param configuration what `d` was copied from
   * @param names all that are hashed, in that order
   * @param changes how often the datastore had been changed before dependencies were generated
   */
  variant(
    mcfn: string,
    d: Datastore,
    configuration: Datastore,
    generated: GeneratedDependencies,
    names: readonly string[],
    changes: number,
  ): void {
    const orderCounts = d.isFiltered || d.changeCount !== changes;
    this.variants.set(mcfn, this.telling.variant(mcfn, generated, names, this.ignored, orderCounts));
    this.telling.note(d.mentioned(configuration));
  }

  /** What the evaluation came to is made of; undefined where it failed, since it may come to something else then. */
  take(variants: readonly VariantSignatures[]): ToldIngredients | undefined {
    if (variants.length === 0 || variants.some(({ failed }) => failed !== undefined)) return undefined;
    const values = this.ctx.datastoreContext.frames.takeValues();
    const decided = (name: string) => values.has(name) || this.lasting.has(name);
    const evaluated = [...this.ctx.functions].filter(decided);
    // A variant that is skipped, or in doubt as a whole, has no hashes that could be others.
    const known = variants.filter(({ tasks }) => tasks.some(({ basehash }) => typeof basehash === 'string'));
    return this.telling.take(
      known.flatMap(({ mcfn }) => this.variants.get(mcfn) ?? []),
      evaluated,
    );
  }
}
