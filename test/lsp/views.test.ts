/** What is evaluated after an edit, and what is not: over a build directory that counts what it is asked. */
import { describe, expect, it } from 'vitest';
import type { RecipeEvaluation } from '../../server/src/engine/results.ts';
import type { BaselineTexts } from '../../server/src/lsp/baseline.ts';
import type { Build } from '../../server/src/lsp/build.ts';
import { OpenDocuments } from '../../server/src/lsp/documents.ts';
import { Views } from '../../server/src/lsp/views.ts';

const RECIPE = '/layer/a.bb';
const CLASS = '/layer/a.bbclass';
const TEXTS = new Map([
  [RECIPE, '# a recipe\nA = "1"\n\ndo_x() {\n# counts\n    :\n}\n'],
  [CLASS, '# a class\nB = "1"\n'],
]);

/** @param isKnown whether an earlier session has left hashes */
function opened(isKnown = false) {
  const asked: string[] = [];
  const told: string[] = [];
  const evaluation = (path: string): RecipeEvaluation => ({
    path,
    variants: [],
    problems: [],
    files: [
      { path: RECIPE, role: 'recipe' },
      { path: CLASS, role: 'class' },
    ],
    origins: new Map(),
    milliseconds: 0,
  });
  const summary = { recipes: [{ path: RECIPE, appends: [] }], layers: [], problems: [] };
  const build = {
    summary: () => Promise.resolve(summary),
    setText: () => undefined,
    known: (path: string) => Promise.resolve(isKnown ? evaluation(path) : undefined),
    advise: () => Promise.resolve([]),
    evaluate: (path: string) => {
      asked.push(path);
      return Promise.resolve(evaluation(path));
    },
    evaluateWith: (path: string) => Promise.resolve(evaluation(path)),
  };
  const documents = new OpenDocuments({
    headText: () => Promise.resolve(undefined),
  } as unknown as BaselineTexts);
  const telling = (event: string) => () => void told.push(event);
  const failed = (error: unknown) => {
    throw error;
  };
  const events = {
    configured: telling('configured'),
    previewed: telling('previewed'),
    underWay: telling('under way'),
    computed: telling('computed'),
    settled: telling('settled'),
    advised: telling('advised'),
    failed,
  };
  const views = new Views(build as unknown as Build, documents, events, () => false);
  let version = 0;
  /** @returns how many evaluations that has taken */
  const write = async (path: string, change: (text: string) => string): Promise<number> => {
    const before = asked.length;
    TEXTS.set(path, change(TEXTS.get(path)!));
    const document = { uri: `file://${path}`, version: ++version };
    documents.set(document as Parameters<OpenDocuments['set']>[0], TEXTS.get(path)!);
    views.textChanged(path);
    await views.settled();
    return asked.length - before;
  };
  return { views, write, told };
}

describe('an edit', () => {
  it('of a comment evaluates nothing, in the recipe or in a class', async () => {
    const { views, write } = opened();
    expect(await write(RECIPE, (text) => text)).toBe(1);
    expect(await write(CLASS, (text) => text)).toBe(1);
    const { current } = views.get(RECIPE)!;
    expect(await write(RECIPE, (text) => text.replace('# a recipe', '# a good recipe'))).toBe(0);
    expect(await write(CLASS, (text) => text.replace('# a class', '#'))).toBe(0);
    expect(views.get(RECIPE)!.current).toBe(current);
    views.dispose();
  });

  it('of anything else does, and so does one that moves lines', async () => {
    const { views, write } = opened();
    expect(await write(RECIPE, (text) => text)).toBe(1);
    expect(await write(RECIPE, (text) => text.replace('# counts', '# counts more'))).toBe(1);
    expect(await write(RECIPE, (text) => text.replace('A = "1"', 'A = "2"'))).toBe(1);
    expect(await write(RECIPE, (text) => text.replace('A = "2"', 'A = "1"'))).toBe(1);
    expect(await write(RECIPE, (text) => `# more\n${text}`)).toBe(1);
    expect(await write(RECIPE, (text) => text)).toBe(0);
    views.dispose();
  });
});

describe('the start', () => {
  it('shows what is known before anything that takes long begins', async () => {
    const { views, write, told } = opened(true);
    await write(RECIPE, (text) => text);
    expect(told).toEqual(['configured', 'previewed', 'under way', 'computed', 'settled']);
    views.dispose();
  });

  it('lets that begin where nothing is known, too', async () => {
    const { views, write, told } = opened();
    await write(RECIPE, (text) => text);
    expect(told).toEqual(['configured', 'under way', 'computed', 'settled']);
    views.dispose();
  });
});
