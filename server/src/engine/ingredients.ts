/**
 * Notes while a recipe is evaluated what its hashes are made of and whose values decided more than hashes, so that
 * they can be made again after an edit (`signature/rehash.ts`). Knows no edit.
 */
import type { Datastore } from '../datastore/datastore.ts';
import { digestOfName } from '../base/nameTable.ts';
import { splitWords } from '../base/words.ts';
import type { ParseContext } from '../metadata/context.ts';
import type { GeneratedDependencies } from '../signature/dependencies.ts';
import { TellingIngredients, type ToldIngredients, type ToldVariant } from '../signature/ingredients.ts';
import {
  type AskedRepository,
  askedNames,
  type Candidates,
  candidates,
  candidatesOfSkipped,
  editableVariables,
  routeOf,
  standOf,
} from './editable.ts';
import type { VariantSignatures } from '../signature/signatures.ts';

interface NotedVariant {
  readonly told: Omit<ToldVariant, 'edits' | 'stand'>;
  /** Which variables may be edited, as far as that is known when the variant is at its end. */
  readonly find: () => Candidates | undefined;
  candidates?: Candidates | undefined;
}

export class IngredientNotes {
  private telling = new TellingIngredients();
  private readonly variants = new Map<string, NotedVariant>();
  /** Variables whose values decided the configuration, or what is asked of it for all recipes. */
  private readonly lasting: Set<string>;
  /** What no hash depends on. */
  private known: ReadonlySet<string> | undefined;

  private readonly plain: Datastore;
  /** Names of which a configuration says something. */
  private readonly configured = new Set<string>();

  /** Made when the configuration has been read. @param configurations that of no multiconfig first */
  constructor(
    private readonly ctx: ParseContext,
    private readonly configurations: readonly Datastore[],
    private readonly repository: AskedRepository,
  ) {
    this.plain = configurations[0]!;
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
    if (this.known) this.noteConfigurations();
  }

  private noteConfigurations(): void {
    this.telling.note(this.plain.mentioned());
    for (const d of this.configurations) for (const name of d.said()) this.configured.add(name);
    // Whoever sets one of these is refused.
    for (const name of this.ctx.datastoreContext.renamed.keys()) this.configured.add(name);
    this.telling.noteConfigured(this.configured);
  }

  /** Whether the value of a variable decided the configuration, or may have. */
  decided(variable: string): boolean {
    return this.lasting.has(variable) || this.ctx.datastoreContext.frames.hasAskedFor(variable);
  }

  /** The functions whose texts decided the configuration. */
  get evaluated(): string[] {
    return [...this.ctx.functions].filter((name) => this.lasting.has(name));
  }

  /** A recipe is about to be evaluated. @param wanted whether its ingredients are */
  begin(wanted: boolean): void {
    this.variants.clear();
    this.ctx.datastoreContext.frames.decisive.begin(wanted);
    this.ctx.datastoreContext.frames.takeValues();
  }

  /** The list is read once, from the plain configuration for all: `bb/siggen.py` does so when it starts. */
  get ignored(): ReadonlySet<string> {
    if (!this.known) {
      const { frames } = this.ctx.datastoreContext;
      const others = frames.takeValues();
      const read = () => this.plain.getText(this.ctx.release.signature.ignoreVariable) ?? '';
      // It says nothing of the recipe at which it is read.
      this.known = new Set(splitWords(frames.decisive.whileHashing(read)));
      for (const name of frames.takeValues()) this.lasting.add(name);
      frames.giveBackValues(others);
      this.noteConfigurations();
    }
    return this.known;
  }

  /**
   * @param configuration what `d` was copied from
   * @param names all that are hashed, in that order
   * @param writes how often the datastore had been written to before dependencies were generated
   */
  variant(
    mcfn: string,
    d: Datastore,
    configuration: Datastore,
    generated: GeneratedDependencies,
    names: readonly string[],
    writes: number,
  ): void {
    const orderCounts = d.isFiltered || d.writeCount !== writes;
    const { telling, ctx } = this;
    const told = telling.variant(mcfn, generated, names, this.ignored, orderCounts);
    const { frames } = ctx.datastoreContext;
    const route = routeOf(d, ctx.base, ctx.route, telling.numberOf);
    const find = () => candidates(d, configuration, generated, frames, route, this.repository);
    this.variants.set(mcfn, { told, find });
    telling.note(d.mentioned(configuration));
  }

  /** A variant is at its end; what was expanded for it is still known. @param configuration as for `variant` */
  ends(mcfn: string, d: Datastore, configuration: Datastore): void {
    const noted = this.variants.get(mcfn);
    const told = noted?.told ?? this.telling.skipped(mcfn);
    const candidates = noted ? noted.find() : this.whereSkipped(d, configuration);
    this.variants.set(mcfn, { told, candidates, find: () => undefined });
  }

  private whereSkipped(d: Datastore, configuration: Datastore): Candidates | undefined {
    const { ctx, telling, repository } = this;
    const route = routeOf(d, ctx.base, ctx.route, telling.numberOf);
    try {
      return candidatesOfSkipped(d, configuration, route, repository);
    } catch {
      // Its overrides need not come to anything.
      return undefined;
    }
  }

  /** What the evaluation came to is made of; undefined where it failed, since it may come to something else then. */
  take(variants: readonly VariantSignatures[]): ToldIngredients | undefined {
    if (variants.length === 0 || variants.some(({ failed }) => failed !== undefined)) return undefined;
    const values = this.ctx.datastoreContext.frames.takeValues();
    const decided = (name: string) => values.has(name) || this.lasting.has(name);
    const evaluated = [...this.ctx.functions].filter(decided);
    // A variant that is in doubt as a whole has no hashes that could be others.
    const known = variants.filter(
      ({ skipped, tasks }) =>
        skipped !== undefined || tasks.some(({ basehash }) => typeof basehash === 'string'),
    );
    const { frames } = this.ctx.datastoreContext;
    const missing = known.flatMap(({ mcfn }) => this.variants.get(mcfn)?.candidates?.missing ?? []);
    const names = new Set([...askedNames(frames, (name) => this.configured.has(name)), ...missing]);
    const asked = Uint32Array.from(names, digestOfName);
    const told = known.flatMap(({ mcfn }) => this.toldVariant(mcfn, asked) ?? []);
    this.variants.clear();
    return this.telling.take(told, evaluated);
  }

  private toldVariant(mcfn: string, asked: Uint32Array): ToldVariant | undefined {
    const noted = this.variants.get(mcfn);
    if (!noted) return undefined;
    const { told, candidates } = noted;
    const { frames } = this.ctx.datastoreContext;
    const add = this.telling.numberOf;
    return {
      ...told,
      edits: candidates && editableVariables(candidates, frames, asked, add),
      stand: candidates && standOf(candidates, frames, this.repository, add),
    };
  }
}
