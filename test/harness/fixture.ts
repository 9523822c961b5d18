/**
 * Fixtures: one scenario is one readable text, `test/data/fixtures/<area>/<name>.txt`.
 *
 * The text is prose that states a rule and the BitBake source it follows, then the files of a little
 * workspace behind `-- path --` lines. Lines of the prose may be directives: `releases:` (those that have the
 * rule; default all), `env: NAME=value` (BitBake's environment), `place: /dir` (where the workspace has to be),
 * `handlers: oe-core` (recorded with OE-Core's signature handlers, of which the layer has what is read off them),
 * `link: PATH TARGET` (a symbolic link; may be repeated), `graph: ARGUMENTS` (a call of `bitbake -g`, answered in `<name>.graphs.json`), `side: NAME FILE LINE` (a state of the
 * build directory with one more line in a file of it, its taskhashes in `<name>.sides.json`), `run: ARGUMENTS` (a call of
 * `bitbake -n`, answered in `<name>.runs.json`), `objects: NAMES` and `stamps: NAME=SECONDS …` (empty files in
 * `build/objects` and `build/tmp/stamps`; stamps are that much later than `STAMP_TIME`).
 * What BitBake answered lies beside it in `<name>.expected.json`; only `record.py`, which reads the same format,
 * may write that. Knows nothing of the engine.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

export const FIXTURES = join(import.meta.dirname, '../data/fixtures');

/** The beginning of a scenario: a layer with recipes below `recipes`. */
export const LAYER_OF_RECIPES = `-- layer/conf/layer.conf --
BBPATH .= ":\${LAYERDIR}"
BBFILES += "\${LAYERDIR}/recipes/*.bb"
BBFILE_COLLECTIONS += "fixture"
BBFILE_PATTERN_fixture = "^\${LAYERDIR}/"
LAYERSERIES_COMPAT_fixture = "fixtures"
LAYERSERIES_CORENAMES = "fixtures"
`;

/** To follow it: a library that keeps the value of KEPT that it saw first. */
export const LIBRARY_THAT_KEEPS = `addpylib \${LAYERDIR}/lib keeper
-- layer/lib/keeper/__init__.py --
BBIMPORTS = ["first"]
-- layer/lib/keeper/first.py --
SEEN = {}

def first(d):
    if "value" not in SEEN:
        SEEN["value"] = d.getVar("KEPT")
    return SEEN["value"]
`;

/** A class whose handler filters a variable, as OE-Core's does for variants. */
export const CLASS_THAT_FILTERS = `-- layer/classes/native.bbclass --
PN = "\${BPN}-native"
CLASSOVERRIDE = "class-native"
python native_handler() {
    d.setVarFilter("DEPENDS", "val.replace('-target', '-native')")
    d.appendVar("DEPENDS", " more-native")
}
addhandler native_handler
native_handler[eventmask] = "bb.event.RecipePreFinalise"
`;

/** The environment that the expectations were recorded in, before a scenario's own `env:` lines. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
  LANG: 'en_US.UTF-8',
  HOME: '/home/fixture',
  USER: 'fixture',
  LOGNAME: 'fixture',
  SHELL: '/bin/sh',
};

/** When stamps of scenarios were made, in seconds since 1970. */
const STAMP_TIME = 1_700_000_000;

/** A place marked in a file: `⟦⟧` a cursor (start equals end), `⟦text⟧` a range. Offsets in UTF-16 units. */
export interface Mark {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

export interface Scenario {
  /** `reading/operators`. */
  readonly name: string;
  readonly prose: string;
  /** Undefined: all. */
  readonly releases: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly place: string | undefined;
  /** Names of empty files in `build/objects`. */
  readonly objects: readonly string[];
  /** Name of an empty file in `build/tmp/stamps` -> seconds after `STAMP_TIME`. */
  readonly stamps: ReadonlyMap<string, number>;
  /** By path relative to the workspace; marks taken out, `@WORKSPACE@` still in. */
  readonly files: ReadonlyMap<string, string>;
  /** Path relative to the workspace -> what the symbolic link there says. */
  readonly links: ReadonlyMap<string, string>;
  /** In the order of their opening brackets. */
  readonly marks: readonly Mark[];
}

/** What BitBake answered for one recipe variant, or for the configuration under the name `''`. */
export interface VariantAnswer {
  readonly pn?: string;
  /** BitBake's reason; the variant then has no tasks. */
  readonly skipped?: string;
  /** Task to basehash. */
  readonly tasks?: Readonly<Record<string, string>>;
  /** The first line of what BitBake said when it could not parse. Ours is worded otherwise. */
  readonly error?: string;
}

/** By virtual file name, its path relative to the workspace. */
export type Answer = Readonly<Record<string, VariantAnswer>>;

/** A workspace on disk. */
export interface Workspace {
  readonly root: string;
  readonly buildDir: string;
  dispose(): void;
}

export function parseScenario(name: string, text: string): Scenario {
  const [prose = '', ...parts] = text.split(/^-- (\S+) --\n/m);
  const files = new Map<string, string>();
  const marks: Mark[] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const path = parts[index] ?? '';
    files.set(path, takeMarks(path, parts[index + 1] ?? '', marks));
  }
  const environment: Record<string, string> = { ...ENVIRONMENT };
  for (const [, key = '', value = ''] of prose.matchAll(/^env: ([^=\n]+)=(.*)$/gm)) environment[key] = value;
  return {
    name,
    prose,
    releases: /^releases: (.+)$/m.exec(prose)?.[1]?.split(/\s+/),
    environment,
    place: /^place: (.+)$/m.exec(prose)?.[1],
    objects: [...prose.matchAll(/^objects: (.+)$/gm)].flatMap(([, names = '']) => names.split(/\s+/)),
    stamps: new Map(
      [...prose.matchAll(/^stamps: (.+)$/gm)]
        .flatMap(([, entries = '']) => entries.split(/\s+/))
        .map((entry) => [entry.split('=')[0]!, Number(entry.split('=')[1])]),
    ),
    files,
    links: new Map(
      [...prose.matchAll(/^link: (\S+) (\S+)$/gm)].map(([, path, target]) => [path!, target!] as const),
    ),
    marks,
  };
}

function takeMarks(path: string, text: string, marks: Mark[]): string {
  let plain = '';
  const open: number[] = [];
  for (const piece of text.split(/([⟦⟧])/)) {
    if (piece === '⟦') {
      open.push(marks.length);
      marks.push({ path, start: plain.length, end: plain.length });
    } else if (piece === '⟧') {
      const index = open.pop();
      const mark = index === undefined ? undefined : marks[index];
      if (index === undefined || mark === undefined) throw new Error(`${path}: ⟧ without ⟦`);
      marks[index] = { ...mark, end: plain.length };
    } else plain += piece;
  }
  if (open.length > 0) throw new Error(`${path}: ⟦ without ⟧`);
  return plain;
}

export function readScenario(name: string): Scenario {
  return parseScenario(name, readFileSync(join(FIXTURES, `${name}.txt`), 'utf8'));
}

/** BitBake's answers by release; a release that lacks the rule has none. */
export function readExpectations(name: string): Readonly<Record<string, Answer>> {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.expected.json`), 'utf8')) as Record<string, Answer>;
}

/** What `bitbake -g` made of some arguments. */
export interface GraphAnswer {
  /** Task (`zlib.do_compile`) -> what it depends on, sorted; absent where BitBake made no graph. */
  readonly tasks?: Readonly<Record<string, readonly string[]>>;
  /** The first lines of its errors. */
  readonly errors: readonly string[];
}

/** Graphs by release and arguments. */
export function readGraphExpectations(
  name: string,
): Readonly<Record<string, Readonly<Record<string, GraphAnswer>>>> {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.graphs.json`), 'utf8')) as ReturnType<
    typeof readGraphExpectations
  >;
}

/** All scenarios, sorted; the shared base workspace is none. */
export function scenarioNames(): string[] {
  return filesUnder(FIXTURES)
    .map((path) => relative(FIXTURES, path))
    .filter((path) => path.endsWith('.txt') && path.includes('/') && !path.startsWith('base/'))
    .map((path) => path.slice(0, -'.txt'.length))
    .sort();
}

/**
 * Writes the base workspace and over it the scenario's files; `dispose` takes it all away again.
 * @param place where, unless the scenario says so itself; emptied first. Without it, a new temporary directory
 */
export function materialise(scenario: Scenario, place?: string): Workspace {
  const root = scenario.place ?? place ?? realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-')));
  rmSync(root, { recursive: true, force: true });
  const base = join(FIXTURES, 'base');
  const files = new Map(filesUnder(base).map((path) => [relative(base, path), readFileSync(path, 'utf8')]));
  for (const [path, text] of scenario.files) files.set(path, text);
  for (const [path, text] of files) {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text.replaceAll('@WORKSPACE@', root));
  }
  for (const [path, target] of scenario.links) symlinkSync(target, join(root, path));
  for (const name of scenario.objects) emptyFile(join(root, 'build/objects', name), 0);
  for (const [name, seconds] of scenario.stamps) emptyFile(join(root, 'build/tmp/stamps', name), seconds);
  return {
    root,
    buildDir: join(root, 'build'),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}

function emptyFile(path: string, seconds: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  utimesSync(path, STAMP_TIME + seconds, STAMP_TIME + seconds);
}

/** The same answer with the workspace's place taken out of names and reasons. */
export function relativeTo(root: string, answer: Answer): Answer {
  return JSON.parse(JSON.stringify(answer).replaceAll(`${root}/`, '')) as Answer;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { encoding: 'utf8', recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** Hashes by release, targets, and stamp with task; null: another each time. */
export function readTaskhashExpectations(
  name: string,
): Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string | null>>>>>> {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.taskhashes.json`), 'utf8')) as ReturnType<
    typeof readTaskhashExpectations
  >;
}

/** Of each state of the build directory: task -> SSTATE_PKGARCH and taskhash. By release and state (`side:`). */
export function readSideExpectations(
  name: string,
): Readonly<
  Record<
    string,
    Readonly<Record<string, Readonly<Record<string, readonly [architecture: string, taskhash: string]>>>>
  >
> {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.sides.json`), 'utf8')) as ReturnType<
    typeof readSideExpectations
  >;
}

/** What `bitbake -n` said that it would do: its summary, and virtual file name with task, sorted. */
export interface RunAnswer {
  readonly summary: string;
  readonly setscene: readonly string[];
  readonly runs: readonly string[];
  readonly noexec: readonly string[];
}

/** By release and arguments. */
export function readRunExpectations(
  name: string,
): Readonly<Record<string, Readonly<Record<string, RunAnswer>>>> {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.runs.json`), 'utf8')) as ReturnType<
    typeof readRunExpectations
  >;
}
