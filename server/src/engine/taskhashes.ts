/**
 * The taskhashes of a task graph, with what the configuration and the layers say about them.
 *
 * Asks the evaluators for values of the configuration; files come through ports.
 */
import { stepByStep } from '../base/turns.ts';
import type { FileSystem } from '../inputs/ports.ts';
import {
  detectRelease,
  type HandlerName,
  type TaskhashTraits,
  withSignatureClasses,
} from '../metadata/release.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import { Taskhashes, type TaskhashInputs, type UnihashQuery } from '../taskgraph/taskhash.ts';
import { type InputSources, taskhashInputs } from '../taskgraph/taskhashInputs.ts';
import { SETTING_VARIABLES, taskhashSettings } from '../taskgraph/taskhashSettings.ts';
import {
  EQUIVALENCE_VARIABLES,
  type EquivalenceSettings,
  equivalenceSettings,
} from '../sstate/equivalenceSettings.ts';
import type { Unihashes } from '../sstate/hashEquivalence.ts';
import type { ConfigurationSummary, ConfigurationValues } from './results.ts';
import { graphConfigurations } from './taskGraph.ts';
import type { Workspace } from './workspace.ts';

/** What is read of the host. */
export interface TaskhashFiles {
  /** Layers, build directory and BitBake. */
  readonly files: FileSystem;
  /** The same for what is below directories, wherever they are: stamps. */
  below(directories: readonly string[]): FileSystem;
}

/** What `Taskhashes` of any graph of a configuration are made with. */
export async function taskhashSources(
  workspace: Workspace,
  summary: ConfigurationSummary,
  { files, below }: TaskhashFiles,
): Promise<Omit<InputSources, 'signatures'>> {
  const traits = taskhashTraits(summary, files);
  const all = await workspace.configurationValues(SETTING_VARIABLES.names, SETTING_VARIABLES.prefixes);
  const values = all[0]?.values ?? {};
  const settings = taskhashSettings((name) => values[name], traits);
  const stamps = stampDirectories(all);
  const doubt = firstDoubt([...all, ...(await graphConfigurations(workspace))]);
  return {
    ...(doubt !== undefined && { doubt }),
    settings,
    traits,
    files,
    digests: new Map(),
    stamps: stamps.length > 0 ? below(stamps) : files,
  };
}

/** Why what the configuration says of the graph and its hashes is not certain, where that is so. */
export function firstDoubt(configurations: readonly ConfigurationValues[]): string | undefined {
  return configurations.find(({ doubt }) => doubt !== undefined)?.doubt;
}

/** Where stamps are: STAMPS_DIR of each configuration. */
export function stampDirectories(configurations: readonly ConfigurationValues[]): string[] {
  const all = configurations.map(({ values }) => values['STAMPS_DIR'] ?? '');
  return [...new Set(all)].filter((path) => path.startsWith('/'));
}

/** @throws Error where no hashes can be made of the graph (a circle) or of the settings */
export async function taskhashesOf(
  graph: TaskGraph,
  variants: Iterable<VariantSignatures>,
  sources: Omit<InputSources, 'signatures'>,
): Promise<{ readonly inputs: TaskhashInputs; readonly hashes: Taskhashes }> {
  const signatures = new Map([...variants].map((variant) => [variant.mcfn, variant]));
  const inputs = taskhashInputs(graph, { ...sources, signatures });
  return { inputs, hashes: await stepByStep(Taskhashes.folded(inputs)) };
}

/**
 * The same, with unihashes: all questions of one of BitBake's rounds at once.
 * @throws Error as `taskhashesOf`; what `unihashes` throws when it is cancelled
 */
export async function unihashedTaskhashes(
  graph: TaskGraph,
  variants: Iterable<VariantSignatures>,
  sources: Omit<InputSources, 'signatures'>,
  unihashes: Unihashes,
): Promise<{ readonly inputs: TaskhashInputs; readonly hashes: Taskhashes }> {
  const signatures = new Map([...variants].map((variant) => [variant.mcfn, variant]));
  const unihash = (query: UnihashQuery) => unihashes.answer(query);
  const inputs = taskhashInputs(graph, { ...sources, signatures, unihash });
  const hashes = await Taskhashes.inRounds(inputs, (queries) => unihashes.ask(queries));
  return { inputs, hashes };
}

/** @returns as `equivalenceSettings` does: undefined where the handler knows no unihashes, or why BitBake stops */
export async function equivalenceOf(
  workspace: Workspace,
  { bitbakeDir, bitbakeVersion }: ConfigurationSummary,
  files: FileSystem,
  handler: HandlerName,
): Promise<EquivalenceSettings | string | undefined> {
  const { hashServer } = detectRelease(files, bitbakeDir, bitbakeVersion);
  const [plain] = await workspace.configurationValues(EQUIVALENCE_VARIABLES, []);
  return equivalenceSettings((name) => plain?.values[name], handler, hashServer);
}

/** The signature classes are those of the first layer that has any. */
function taskhashTraits(
  { bitbakeDir, bitbakeVersion, layers }: ConfigurationSummary,
  files: FileSystem,
): TaskhashTraits {
  const release = detectRelease(files, bitbakeDir, bitbakeVersion);
  const classes = layers.map(({ path }) => files.readText(`${path}/lib/oe/sstatesig.py`));
  return withSignatureClasses(
    release.taskhash,
    classes.find((text) => text !== undefined),
  );
}
