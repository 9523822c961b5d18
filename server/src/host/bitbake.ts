/**
 * The user's own BitBake, run in a build directory: only when they ask for a comparison with it.
 *
 * `bitbake -p` parses, as the user would start it; `bitbake.py` beside this file reads what that left behind, with
 * BitBake's own library. What BitBake says is passed on to stderr. Knows nothing of how hashes are compared.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { splitWords } from '../base/words.ts';
import type { BuildDirectory } from './buildDirectory.ts';
import { bitbakeEnvironment, scriptDirectories } from './environment.ts';
import { bitbakeReader } from './installation.ts';

/** What BitBake knows of one recipe variant. */
export interface BitBakeRecipe {
  /** BitBake's virtual file name. */
  readonly mcfn: string;
  readonly pn: string;
  readonly skipped: string | undefined;
  /** Task -> basehash. */
  readonly tasks: ReadonlyMap<string, string>;
}

/** And what went into its hashes. */
export interface BitBakeValues extends BitBakeRecipe {
  /** Variable -> the text that is hashed for it; undefined where it has none. */
  readonly values: ReadonlyMap<string, string | undefined>;
  /** Task -> all variables in its hash. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
}

/** BitBake could not be run, or did not do what it was asked to; the message says what to do. */
export class BitBakeFailure extends Error {
  override readonly name = 'BitBakeFailure';
}

export class BitBake {
  private readonly environment: NodeJS.ProcessEnv;

  /** @throws BitBakeFailure where there is no BitBake, or it could not write to the build directory */
  constructor(
    private readonly build: BuildDirectory,
    source: NodeJS.ProcessEnv = process.env,
  ) {
    if (build.bitbakeDir === undefined) {
      throw new BitBakeFailure(
        'no BitBake found beside the layers or in PATH: name its checkout with --bitbake DIR',
      );
    }
    try {
      accessSync(build.path, constants.W_OK);
    } catch {
      throw new BitBakeFailure(
        `BitBake writes to ${build.path}, which this user cannot: run this as the user who builds there`,
      );
    }
    this.environment = startingEnvironment(build, source);
  }

  /** `bitbake -p`. @throws BitBakeFailure where it ends with an error */
  async parse(): Promise<void> {
    await run(this.command, ['-p'], {
      what: 'bitbake -p',
      cwd: this.build.path,
      env: this.environment,
      answers: undefined,
    });
  }

  /** Every recipe that the last `parse` left in BitBake's cache. @throws BitBakeFailure */
  async recipes(): Promise<BitBakeRecipe[]> {
    const listing = await run(this.command, ['-e'], {
      what: 'bitbake -e',
      cwd: this.build.path,
      env: this.environment,
      answers: 1,
    });
    const cacheDir = variableOf(listing, 'CACHE');
    if (cacheDir === undefined)
      throw new BitBakeFailure('bitbake -e does not tell CACHE, where BitBake keeps its cache');
    const multiconfigs = ['', ...splitWords(variableOf(listing, 'BBMULTICONFIG') ?? '')];
    const files = multiconfigs.map((multiconfig) => {
      // The link that BitBake leads to the cache of its newest configuration.
      const file = join(cacheDir, `bb_cache.dat${multiconfig && `.${multiconfig}`}`);
      if (!existsSync(file)) throw new BitBakeFailure(`BitBake left no cache in ${file}`);
      return `${multiconfig}=${file}`;
    });
    return this.read(['cache', ...files], '', recipeOf);
  }

  /**
   * Recipes parsed once more, with what went into their hashes. Files that BitBake cannot parse are left out.
   * @param files multiconfig and absolute path of each. @throws BitBakeFailure
   */
  values(files: readonly (readonly [multiconfig: string, path: string])[]): Promise<BitBakeValues[]> {
    return this.read(['recipes', this.build.path], JSON.stringify(files), valuesOf);
  }

  private get command(): string {
    return join(this.build.bitbakeDir!, 'bin/bitbake');
  }

  private async read<T>(
    args: readonly string[],
    input: string,
    convert: (raw: RawRecipe) => T,
  ): Promise<T[]> {
    const library = join(this.build.bitbakeDir!, 'lib');
    const text = await run('python3', ['-B', bitbakeReader(), library, ...args], {
      what: "python3 with BitBake's library",
      cwd: this.build.path,
      env: this.environment,
      answers: 3,
      input,
    });
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RawRecipe | { readonly error: string })
      .flatMap((raw) => ('error' in raw ? [] : [convert(raw)]));
  }
}

/** A line of `bitbake.py`'s answer. */
interface RawRecipe {
  readonly recipe: string;
  readonly pn: string | null;
  readonly skipped: string | null;
  readonly tasks: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, string | null>>;
  readonly dependencies?: Readonly<Record<string, readonly string[]>>;
}

function recipeOf({ recipe, pn, skipped, tasks }: RawRecipe): BitBakeRecipe {
  return { mcfn: recipe, pn: pn ?? '', skipped: skipped ?? undefined, tasks: new Map(Object.entries(tasks)) };
}

function valuesOf(raw: RawRecipe): BitBakeValues {
  return {
    ...recipeOf(raw),
    values: new Map(Object.entries(raw.values ?? {}).map(([name, value]) => [name, value ?? undefined])),
    dependencies: new Map(Object.entries(raw.dependencies ?? {})),
  };
}

/** The environment of oe-init-build-env: of one that has been run, this process's own. */
function startingEnvironment(build: BuildDirectory, source: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const path = (source['PATH'] ?? '').split(delimiter);
  const added = [...scriptDirectories(build.roots), join(build.bitbakeDir!, 'bin')].filter(
    (directory) => !path.includes(directory),
  );
  // BitBake sets the locale of its workers itself; what it is started in has to know UTF-8.
  const { LC_ALL: _, ...known } = bitbakeEnvironment(build, source);
  return { ...source, ...known, PATH: [...added, ...path].join(delimiter) };
}

interface RunOptions {
  /** What messages call it. */
  readonly what: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The file descriptor on which the program answers; undefined: it does not. All else goes to stderr. */
  readonly answers: 1 | 3 | undefined;
  readonly input?: string;
}

/** Runs a program to its end. @returns what it answered. @throws BitBakeFailure */
function run(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { what, cwd, env, answers, input } = options;
  const stdout = answers === 1 ? ('pipe' as const) : 2;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: [
        input === undefined ? 'ignore' : 'pipe',
        stdout,
        2,
        ...(answers === 3 ? (['pipe'] as const) : []),
      ],
    });
    const parts: Buffer[] = [];
    if (answers !== undefined) child.stdio[answers]?.on('data', (part: Buffer) => parts.push(part));
    // Where the program ends before it has read all, its exit code says so.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    child.on('error', (error) => reject(new BitBakeFailure(`${what} cannot be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(parts).toString('utf8'));
      else
        reject(
          new BitBakeFailure(`${what} ended with ${signal ?? `exit code ${code}`}; what it said is above`),
        );
    });
  });
}

/** The value of a variable in the output of `bitbake -e`. */
export function variableOf(listing: string, name: string): string | undefined {
  const line = listing.split('\n').find((candidate) => candidate.startsWith(`${name}="`));
  return line?.slice(name.length + 2).replace(/"$/, '');
}
