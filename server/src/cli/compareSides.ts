/**
 * The two sides that `sstate-lens compare` can be asked to compare: how each is opened, and which tasks ought to be
 * the same on both.
 */
import { join } from 'node:path';
import { splitWords } from '../base/words.ts';
import {
  isMachineName,
  MACHINE_FILE,
  machineLine,
  machineStays,
  withLastLine,
} from '../engine/assumedMachine.ts';
import { OTHER_OCCASION } from '../engine/stability.ts';
import { USUAL_OCCASION } from '../inputs/ports.ts';
import type { ConfigurationSummary } from '../engine/results.ts';
import type { TaskPair, TaskPairs } from '../engine/taskPairs.ts';
import type { RecipeInfo } from '../metadata/recipeInfo.ts';
import type { BuildDirectory } from '../host/buildDirectory.ts';
import { HostFiles } from '../host/files.ts';
import { movedConfiguration } from '../host/movedDisk.ts';
import { type NamedStates, statesFor } from './reviewStates.ts';
import { CommandError, type Output } from './output.ts';
import { type BuildOptions, type BuildState, locateBuild, openState, type Session } from './session.ts';

export interface SideOptions extends BuildOptions, Pick<NamedStates, 'base' | 'head'> {
  readonly machine?: readonly string[];
  readonly withoutLayer?: string;
  readonly withBuildDir?: string;
  readonly anotherPlace?: boolean;
  readonly anotherTime?: boolean;
}

export type Question =
  'machines' | 'layer' | 'build-directories' | 'revisions' | 'another-place' | 'another-time';

export interface Side {
  /** What a user calls it: `qemux86-64`, `without meta-own`. */
  readonly label: string;
  readonly session: Session;
  /** What comes before its paths, where it is evaluated as if it lay in another place. */
  readonly place?: string;
}

/** Two sides, and the rule that says which of their tasks ought to have the same hash. */
export interface Sides {
  readonly question: Question;
  readonly before: Side;
  readonly after: Side;
  /** What ought to be the same, in a word or two: `shared tasks`. */
  readonly subject: string;
  expected(pairs: TaskPairs): (pair: TaskPair) => boolean;
}

/** @throws CommandError where it is not said what to compare, or a side cannot be opened */
export async function openSides(options: SideOptions, output: Output): Promise<Sides> {
  const { machine, withoutLayer, withBuildDir, base, head, anotherPlace, anotherTime } = options;
  const asked = [machine, withoutLayer, withBuildDir, base ?? head, anotherPlace, anotherTime].filter(
    (option) => option !== undefined,
  );
  if (asked.length !== 1) {
    throw new CommandError(
      'say what to compare, one of: --machine A --machine B, --without-layer LAYER, --with-build-dir DIR, --base REV [--head REV], --another-place, --another-time',
    );
  }
  const build = locateBuild(options);
  if (machine) return machines(machine, build, output);
  if (withoutLayer !== undefined) return layer(withoutLayer, build, output);
  if (withBuildDir !== undefined) return buildDirectories(build, withBuildDir, options, output);
  if (base ?? head) return revisions(build, options, output);
  return anotherPlace ? places(build, output) : times(build, output);
}

/** Follows yocto-check-layer: what two machines share (SSTATE_PKGARCH), they must build in the same way. */
async function machines(names: readonly string[], build: BuildDirectory, output: Output): Promise<Sides> {
  const [a, b] = names;
  if (names.length !== 2 || a === b)
    throw new CommandError('name two machines: --machine qemux86-64 --machine genericx86-64');
  const open = async (machine: string) => {
    const session = await openState(withLine(MACHINE_FILE, machineLine(machine), build), output);
    const found = session.summary.machine;
    if (found === machine) return { label: machine, session };
    session.workspace.dispose();
    throw new CommandError(machineStays(found));
  };
  for (const name of names) {
    if (!isMachineName(name)) throw new CommandError(`${name} is not the name of a machine`);
  }
  return {
    ...(await bothOpen(
      () => open(a!),
      () => open(b!),
    )),
    question: 'machines',
    subject: 'tasks of recipes that both machines share',
    expected: ({ before, after }) => {
      const archs = (side: typeof before) => side.graph.recipes.map(sharedArchitecture);
      const [old, young] = [archs(before), archs(after)];
      if (!old.some((arch) => arch !== undefined)) {
        throw new CommandError(
          'these layers have no sstate class (BB_HASHFILENAME is empty), so nobody can tell which recipes the machines share',
        );
      }
      return (pair) => {
        const arch = old[before.graph.recipeOf[pair.before]!];
        return arch !== undefined && arch === young[after.graph.recipeOf[pair.after]!];
      };
    },
  };
}

/**
 * SSTATE_PKGARCH, as `sstatesig.py: dump_lockedsigs` reads it off BB_HASHFILENAME
 * (`False sstate:PN:…:PV:PR:ARCH:VERSION: …`); undefined: there is none.
 */
export function sharedArchitecture({ hashFilename }: RecipeInfo): string | undefined {
  return hashFilename.split(' ')[1]?.split(':')[5] || undefined;
}

/** Follows yocto-check-layer: adding a layer must not change what other layers' recipes are built from. */
async function layer(wanted: string, build: BuildDirectory, output: Output): Promise<Sides> {
  const { before, after } = await bothOpen(
    async () => ({ label: `with ${wanted}`, session: await openState({ build }, output) }),
    async ({ session }) => {
      const line = `BBLAYERS:remove = "${await layerInBblayers(wanted, session)}"`;
      const state = withLine('conf/bblayers.conf', line, build);
      return { label: `without ${wanted}`, session: await openState(state, output) };
    },
  );
  return {
    before: after,
    after: before,
    question: 'layer',
    subject: 'tasks of recipes of other layers',
    // What a recipe works out from all recipes there are (`calculate_extra_depends`) has to change with a layer.
    expected: (pairs) => (pair) => {
      const recipe = pairs.after.graph.recipes[pairs.after.graph.recipeOf[pair.after]!]!;
      return recipe.extraDependsFunction === '';
    },
  };
}

/** How BBLAYERS calls a layer. @throws CommandError where there is no such layer */
async function layerInBblayers(wanted: string, { build, summary, workspace }: Session): Promise<string> {
  const path = layerPath(wanted, summary);
  const [values] = await workspace.configurationValues(['BBLAYERS'], []);
  const files = new HostFiles(build.roots);
  const names = splitWords(values?.values['BBLAYERS'] ?? '');
  const found = names.find((name) => files.realPath(name) === files.realPath(path));
  if (found === undefined) throw new CommandError(`BBLAYERS does not name ${path}`);
  return found;
}

/** By the layer's name (BBFILE_COLLECTIONS), the name of its directory, or its path. */
function layerPath(wanted: string, { layers }: ConfigurationSummary): string {
  const plain = wanted.replace(/\/+$/, '');
  const found = layers.find(
    ({ name, path }) =>
      name === plain || path === plain || path.endsWith(`/${plain.replace(/^(\.\/)+/, '')}`),
  );
  if (found) return found.path;
  const names = layers.map(({ name }) => name).join(', ');
  throw new CommandError(`there is no layer ${wanted}: the build directory has ${names}`);
}

async function buildDirectories(
  build: BuildDirectory,
  other: string,
  { bitbake }: BuildOptions,
  output: Output,
): Promise<Sides> {
  const second = locateBuild({ buildDir: other, ...(bitbake !== undefined && { bitbake }) });
  const open = async (state: BuildState) => ({
    label: state.build.path,
    session: await openState(state, output),
  });
  return {
    ...(await bothOpen(
      () => open({ build }),
      () => open({ build: second }),
    )),
    question: 'build-directories',
    subject: 'tasks that both have',
    expected: () => () => true,
  };
}

/** Two states of the layers, of commits that are not checked out. */
async function revisions(build: BuildDirectory, options: NamedStates, output: Output): Promise<Sides> {
  const states = await statesFor(build, options);
  const names = (side: 'base' | 'head') =>
    states.repositories.map((repository) => repository[side]?.name ?? 'as it is').join(' ');
  const open = async (side: 'base' | 'head') => ({
    label: names(side),
    session: await openState({ build, state: { revision: states[side] } }, output),
  });
  return {
    ...(await bothOpen(
      () => open('base'),
      () => open('head'),
    )),
    question: 'revisions',
    subject: 'tasks that both have',
    expected: () => () => true,
  };
}

/** Of another length, and with nothing of the old one in it. */
const OTHER_PLACE = '/in/quite/another/place';

/** The same files in another place: hashes that differ have the place in them. */
async function places(build: BuildDirectory, output: Output): Promise<Sides> {
  const there = { build, texts: movedConfiguration(build, OTHER_PLACE), state: { place: OTHER_PLACE } };
  return {
    ...(await bothOpen(
      async () => ({ label: 'here', session: await openState({ build }, output) }),
      async () => ({
        label: 'another place',
        session: await openState(there, output),
        place: OTHER_PLACE,
      }),
    )),
    question: 'another-place',
    subject: 'tasks',
    expected: () => () => true,
  };
}

/** A year later, in another process and with other random numbers. */
async function times(build: BuildDirectory, output: Output): Promise<Sides> {
  const open = async (label: string, state: BuildState) => ({
    label,
    session: await openState(state, output),
  });
  return {
    ...(await bothOpen(
      () => open('now', { build, state: { occasion: USUAL_OCCASION } }),
      () => open('another time', { build, state: { occasion: OTHER_OCCASION } }),
    )),
    question: 'another-time',
    subject: 'tasks',
    expected: () => () => true,
  };
}

/** Opens one after the other; where the second cannot be opened, the first is closed again. */
async function bothOpen(
  first: () => Promise<Side>,
  second: (first: Side) => Promise<Side>,
): Promise<{ readonly before: Side; readonly after: Side }> {
  const before = await first();
  try {
    return { before, after: await second(before) };
  } catch (error) {
    before.session.workspace.dispose();
    throw error;
  }
}

/** The build directory as it would be with one more line at the end of a file of its configuration. */
function withLine(file: string, line: string, build: BuildDirectory): BuildState {
  const path = join(build.path, file);
  const text = new HostFiles(build.roots).readText(path) ?? '';
  return { build, texts: new Map([[path, withLastLine(text, line)]]) };
}
