/**
 * What taskhashes are made of, for a task graph: the graph as the fold sees it, the files it names, taint files.
 *
 * Follows `bb/siggen.py: prep_taskhash, read_taint` for what is read where. Reads through ports only.
 */
import type { FileSystem } from '../inputs/ports.ts';
import type { RecipeInfo } from '../metadata/recipeInfo.ts';
import type { TaskhashTraits } from '../metadata/release.ts';
import type { BitBakeHash, Unknown, VariantSignatures } from '../signature/signatures.ts';
import { type ChecksumInputs, type FileChecksum, fileChecksums, type FileDigests } from './checksums.ts';
import type { TaskGraph } from './graph.ts';
import type { HashedGraph, TaskhashInputs } from './taskhash.ts';
import type { VirtualProviders } from './taskhashRules.ts';
import type { TaskhashSettings } from './taskhashSettings.ts';

export interface InputSources {
  /** As in `TaskhashInputs`. */
  readonly doubt?: string;
  readonly settings: TaskhashSettings;
  readonly traits: TaskhashTraits;
  /** Virtual file name -> signatures. */
  readonly signatures: ReadonlyMap<string, VariantSignatures>;
  /** Layers and the build directory, for files of SRC_URI. */
  readonly files: FileSystem;
  readonly digests: FileDigests;
  /** Where stamps are (STAMPS_DIR), for taint files. */
  readonly stamps: FileSystem;
  unihash?: TaskhashInputs['unihash'];
}

export function taskhashInputs(graph: TaskGraph, sources: InputSources): TaskhashInputs {
  const { settings, traits, signatures, files, digests, stamps } = sources;
  const basehashes = new Map<RecipeInfo, ReadonlyMap<string, BitBakeHash | Unknown>>();
  const recipeOf = (task: number) => graph.recipes[graph.recipeOf[task]!]!;
  const nameOf = (task: number) => graph.names[graph.nameOf[task]!]!;
  const checksumInputs: ChecksumInputs = {
    files,
    digests,
    excludedDirectories: settings.excludedDirectories,
  };
  const lists = new Map<string, readonly FileChecksum[] | Unknown>();
  return {
    ...(sources.doubt !== undefined && { doubt: sources.doubt }),
    graph: hashedGraph(graph),
    settings,
    traits,
    virtuals: virtualProviders(graph),
    basehash(task) {
      const recipe = recipeOf(task);
      let known = basehashes.get(recipe);
      if (!known) {
        known = new Map(signatures.get(recipe.mcfn)?.tasks.map(({ task, basehash }) => [task, basehash]));
        basehashes.set(recipe, known);
      }
      return known.get(nameOf(task)) ?? { unknown: 'its recipe could not be evaluated' };
    },
    files(task) {
      const recipe = recipeOf(task);
      const unknown = recipe.unknownFiles[nameOf(task)];
      if (unknown !== undefined) return { unknown };
      const list = recipe.fileChecksums[nameOf(task)];
      if (list === undefined) return [];
      let found = lists.get(list);
      if (!found) lists.set(list, (found = fileChecksums(list, checksumInputs, traits.ordersFilesByName)));
      return found;
    },
    taint: (task) => taintOf(recipeOf(task).stamp, nameOf(task), stamps),
    ...(sources.unihash ? { unihash: sources.unihash } : {}),
  };
}

function hashedGraph({
  recipes,
  names,
  recipeOf,
  nameOf,
  first,
  dependencies,
  setscene,
}: TaskGraph): HashedGraph {
  return {
    count: recipeOf.length,
    recipe: (task) => recipes[recipeOf[task]!]!,
    name: (task) => names[nameOf[task]!]!,
    dependencies: (task) => dependencies.subarray(first[task], first[task + 1]),
    isSetscene: (task) => setscene[task] === 1,
  };
}

/** `bb/taskdata.py: get_providermap`. */
function virtualProviders({ providers }: TaskGraph): VirtualProviders {
  return new Map(
    [...providers].map(([multiconfig, chosen]) => [
      multiconfig,
      new Map(
        [...chosen].flatMap(([name, { pn }]) => (name.startsWith('virtual/') ? [[name, pn] as const] : [])),
      ),
    ]),
  );
}

/** What the file `STAMP.do_x.taint` holds; an empty one is none. The directory is listed first: most have none. */
function taintOf(stamp: string, task: string, stamps: FileSystem): string | undefined {
  const at = stamp.lastIndexOf('/');
  const name = `${stamp.slice(at + 1)}.${task}.taint`;
  if (!stamps.list(stamp.slice(0, at) || '/')?.includes(name)) return undefined;
  return stamps.readText(`${stamp}.${task}.taint`)?.replaceAll(/\r\n?/g, '\n') || undefined;
}
