/**
 * Graphs that are made again after recipes ask for other things, compared with graphs that are made from the start: of
 * generated recipes, with their hashes.
 */
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../server/src/base/turns.ts';
import { FoldedGraph } from '../../server/src/engine/foldedGraph.ts';
import type { RecipeInfo } from '../../server/src/metadata/recipeInfo.ts';
import type { VariantSignatures } from '../../server/src/signature/signatures.ts';
import { makeTaskGraph } from '../../server/src/taskgraph/build.ts';
import type { TaskGraph } from '../../server/src/taskgraph/graph.ts';
import { Recipes } from '../../server/src/taskgraph/recipes.ts';
import type { GraphMaking } from '../../server/src/taskgraph/remaking.ts';
import { generator, orderly, recipe, TASKS } from './generated.ts';
import { plainTraits, settingsOf, sha256 } from './small.ts';

type Random = (limit: number) => number;

function madeOf(infos: readonly RecipeInfo[], targets: readonly string[]): GraphMaking {
  return atOnce(
    makeTaskGraph(targets, new Recipes([''], infos), [{ multiconfig: '', values: { BB_DEFAULT_TASK: 'd' } }]),
  );
}

/** What a graph says, however its tasks are numbered. */
function said(graph: TaskGraph): unknown {
  const label = (task: number) =>
    `${graph.recipes[graph.recipeOf[task]!]!.pn}:${graph.names[graph.nameOf[task]!]!}`;
  const tasks = Array.from(graph.recipeOf, (_, task) => {
    const dependencies = graph.dependencies.subarray(graph.first[task], graph.first[task + 1]);
    return `${label(task)}: ${Array.from(dependencies, label).sort().join(' ')}`;
  });
  return {
    tasks: tasks.sort(),
    targets: graph.targets.map(label).sort(),
    recipes: graph.recipes.map((info) => JSON.stringify(info)).sort(),
    problems: graph.problems.map((problem) => JSON.stringify(problem)).sort(),
    providers: [...graph.providers.get('')!].map(([name, { pn }]) => `${name} ${pn}`).sort(),
  };
}

/** The same recipe asking for something else. */
function other(info: RecipeInfo, names: readonly string[], random: Random): RecipeInfo {
  const one = <T>(list: readonly T[]): T | undefined => list[random(list.length)];
  const name = one(names);
  switch (random(7)) {
    case 0:
    case 1:
      return { ...info, depends: [...info.depends, ...(name ? [name] : [])] };
    case 2:
      return { ...info, depends: info.depends.slice(1) };
    case 3:
      return { ...info, rdepends: name ? [name] : [] };
    case 4: {
      const task = one(info.tasks);
      const depends = task && name ? { [task]: `${name}:${one(TASKS)!}` } : {};
      return { ...info, flags: { ...info.flags, depends } };
    }
    case 5:
      return { ...info, depends: [...info.depends, `nothing${random(2)}`], pr: `r${random(9)}` };
    default:
      return { ...info, parents: info.parents.map((parents) => parents.slice(1)) };
  }
}

describe('a graph made again', () => {
  /** Of all seeds, how often one was compared. */
  const counts = { remade: 0, hashed: 0 };

  it.each(Array.from({ length: 150 }, (_, seed) => seed))('is the one made from the start, %d', (seed) => {
    const random = generator(seed);
    const names = Array.from({ length: 3 + random(30) }, (_, at) => `r${at}`);
    const earlier = (at: number) => names.slice(0, at);
    const one = seed % 3 === 0 ? recipe : orderly;
    const infos = names.map((pn, at) => one(pn, earlier(at), random));
    const targets = names.filter(() => random(4) >= seed % 4);
    const making = madeOf(infos, targets);
    for (let round = 0; round < 4; round++) {
      const changed = new Map<number, RecipeInfo>();
      for (let count = random(2); count >= 0; count--) {
        const at = random(names.length);
        changed.set(at, other(infos[at]!, random(8) === 0 ? names : earlier(at), random));
      }
      const remade = atOnce(making.remade([...changed.values()]));
      if (!remade) continue;
      counts.remade++;
      const now = infos.map((info, at) => changed.get(at) ?? info);
      expect(said(remade.graph)).toEqual(said(madeOf(now, targets).graph));
    }
  });

  it.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'has the hashes of one made from the start, %d',
    (seed) => {
      const random = generator(seed + 1000);
      const names = Array.from({ length: 3 + random(25) }, (_, at) => `r${at}`);
      const earlier = (at: number) => names.slice(0, at);
      const traits = plainTraits();
      const files = { list: () => undefined, readText: () => undefined } as never;
      const settings = settingsOf({ BB_SIGNATURE_HANDLER: 'basichash' }, traits);
      const sources = { settings, traits, files, digests: new Map(), stamps: files };
      const variant = (info: RecipeInfo, text: string) => {
        const tasks = info.tasks.map((task) => ({ task, basehash: sha256(`${info.pn} ${task} ${text}`) }));
        return { mcfn: info.mcfn, pn: info.pn, recipe: info, tasks } as unknown as VariantSignatures;
      };
      const infos = names.map((pn, at) => orderly(pn, earlier(at), random));
      const recipes = new Map(infos.map((info) => [info.mcfn, [variant(info, '')]]));
      const targets = names.filter(() => random(4) >= seed % 4);
      const foldedOf = (all: typeof recipes) => {
        const making = madeOf(
          [...all.values()].flat().map((each) => each.recipe as RecipeInfo),
          targets,
        );
        return atOnce(FoldedGraph.of(making, all, sources));
      };
      let folded: FoldedGraph;
      try {
        folded = foldedOf(recipes);
      } catch {
        return; // Tasks in a circle have no hashes.
      }
      let present = recipes;
      for (let round = 0; round < 6; round++) {
        const at = random(names.length);
        const [before] = present.get(infos[at]!.mcfn)!;
        const info =
          random(4) === 0
            ? (before!.recipe as RecipeInfo)
            : other(random(2) === 0 ? infos[at]! : (before!.recipe as RecipeInfo), earlier(at), random);
        const now = new Map(present);
        now.set(info.mcfn, [variant(info, random(2) === 0 ? '' : String(round))]);
        const keys = folded.keys();
        const next = folded.take(now) ? folded : atOnce(folded.remade(now));
        if (!next) continue;
        counts.hashed++;
        present = now;
        expect([...next.keys()].sort()).toEqual([...foldedOf(now).keys()].sort());
        // The one that it was made of stays as it is.
        if (next !== folded) expect([...folded.keys()]).toEqual([...keys]);
        folded = next;
      }
    },
  );

  it('is there often enough to tell', () => {
    expect(counts.remade).toBeGreaterThan(300);
    expect(counts.hashed).toBeGreaterThan(200);
  });
});
