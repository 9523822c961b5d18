/**
 * Advice on the hashes of a recipe (`signature/advice.ts`) as problems, with what it needs to know of the workspace:
 * the texts of its files and what the layers' Python libraries mention.
 */
import type { Problem } from '../base/problem.ts';
import { splitWords } from '../base/words.ts';
import type { FileSystem } from '../inputs/ports.ts';
import type { ParseContext } from '../metadata/context.ts';
import { adviceOn, type Hashed, wordPattern } from '../signature/advice.ts';
import type { CodeAnalysis } from '../signature/dependencies.ts';

/** How deep directories of a layer's library may nest. */
const DEEPEST = 8;

/** Each problem once, whichever variants have it. */
export function adviceProblems(
  variants: readonly Hashed[],
  analysis: CodeAnalysis,
  ctx: ParseContext,
): Problem[] {
  const layers = splitWords(variants[0]?.d.getText('BBLAYERS') ?? '');
  const surroundings = {
    analysis,
    inLibraries: remembered((name) => mentionedBelow(layers, wordPattern(name), ctx.files)),
    textOf: (path: string) => ctx.files.readText(path),
  };
  const problems = new Map<string, Problem>();
  for (const variant of variants) {
    for (const { severity, code, message, source, facts } of adviceOn(variant, surroundings)) {
      const problem = { ...ctx.problem(severity, code, message, source), facts };
      const key = [code, problem.path, problem.range?.start.line, message].join('\0');
      if (!problems.has(key)) problems.set(key, problem);
    }
  }
  return [...problems.values()];
}

function mentionedBelow(layers: readonly string[], word: RegExp, files: FileSystem): boolean {
  const search = (path: string, depth: number): boolean => {
    if (path.endsWith('.py')) return word.test(files.readText(path) ?? '');
    if (depth > DEEPEST || files.stat(path)?.kind !== 'directory') return false;
    return (files.list(path) ?? []).some((name) => search(`${path}/${name}`, depth + 1));
  };
  return layers.some((layer) => search(`${layer}/lib`, 0));
}

function remembered(ask: (name: string) => boolean): (name: string) => boolean {
  const answers = new Map<string, boolean>();
  return (name) => {
    let answer = answers.get(name);
    if (answer === undefined) answers.set(name, (answer = ask(name)));
    return answer;
  };
}
