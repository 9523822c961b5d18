/**
 * Texts of Python that recipe after recipe runs: after a few recipes what they have in common is compiled once, for those to
 * come. Knows neither what a text does nor how it is compiled.
 */
import type { CodePlace } from './runtime.ts';

/** An expression with the variable that it is the value of, or a module's text with its place. */
export type CompiledText =
  | { readonly expression: string; readonly variable: string | undefined }
  | { readonly text: string; readonly place: CodePlace };

/** After how many recipes that entered Python what they have in common is compiled. */
const COMPILE_AFTER: ReadonlySet<number> = new Set([8, 64]);
const OFTEN = 3;
/** The same where one recipe is evaluated again and again, while it is edited. */
const COMPILE_AFTER_EDIT = 2;
const MOST_TEXTS = 50_000;

export class CommonTexts {
  private readonly texts = new Map<string, { readonly source: CompiledText; count: number }>();
  private recipes = 0;

  /** A text was run. @param key another one for each text and place */
  met(key: string, source: CompiledText): void {
    const known = this.texts.get(key);
    if (known) {
      known.count++;
      return;
    }
    if (this.texts.size >= MOST_TEXTS) this.texts.clear();
    this.texts.set(key, { source, count: 1 });
  }

  /** Another recipe enters Python. @returns what is to be compiled before; undefined: it is not the time */
  nextRecipe(edited: boolean): readonly CompiledText[] | undefined {
    this.recipes++;
    if (edited ? this.recipes !== COMPILE_AFTER_EDIT : !COMPILE_AFTER.has(this.recipes)) return undefined;
    const least = edited ? 1 : OFTEN;
    const often = [...this.texts.values()].filter(({ count }) => count >= least);
    return often.map(({ source }) => source);
  }
}
