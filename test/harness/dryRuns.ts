/**
 * A build directory over a checkout of OE-Core in which real BitBake's dry run (`bitbake -n`) and `sstate-lens sstate`
 * answer the same question: the summary line, the setscene tasks used, the tasks that run. Nothing in the checkout is
 * changed; what is made lies in a directory of its own.
 *
 * BitBake does not run as root: then SSTATE_LENS_BITBAKE_USER names who it runs as.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { bundledCommand } from '../lsp/command.ts';

const CHECKOUT = process.env['SSTATE_LENS_OE_CORE'];
const USER = process.env['SSTATE_LENS_BITBAKE_USER'];
/** Whether there is a checkout, and someone to run BitBake as. */
export const runsBitBake = CHECKOUT !== undefined && (process.getuid?.() !== 0 || USER !== undefined);

const TARGET = 'core-image-minimal';
const SETTINGS = `
BB_NO_NETWORK = "0"
CONNECTIVITY_CHECK_URIS = ""
INHERIT:remove = "uninative"
SANITY_TESTED_DISTROS = ""
`;
const LAYER = `BBPATH .= ":\${LAYERDIR}"
BBFILES += "\${LAYERDIR}/recipes/*.bbappend"
BBFILE_COLLECTIONS += "edits"
BBFILE_PATTERN_edits = "^\${LAYERDIR}/"
`;

interface PrintedTask {
  readonly recipe: string;
  readonly task: string;
  readonly outcome: string;
  readonly setscene?: string;
  readonly object?: { readonly path?: string };
}

interface PrintedPlan {
  readonly summary: { readonly line: string };
  readonly tasks: readonly PrintedTask[];
}

/** What a run says: its summary line, and by name the tasks that it would run. */
export interface Run {
  readonly summary: string;
  readonly setscene: readonly string[];
  readonly runs: readonly string[];
  readonly noexec: readonly string[];
}

export class DryRuns {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-')));
  readonly build = join(this.root, 'build');
  private readonly layer = join(this.root, 'layer');

  /** @param settings further lines of local.conf; `ROOT` in them stands for the directory of its own */
  constructor(settings: string) {
    chmodSync(this.root, 0o755);
    this.own(this.root);
    this.bitbake('true');
    mkdirSync(join(this.layer, 'conf'), { recursive: true });
    const core = readFileSync(join(CHECKOUT!, 'meta/conf/layer.conf'), 'utf8');
    const [, series = ''] = /^LAYERSERIES_CORENAMES = "(.*)"/m.exec(core) ?? [];
    writeFileSync(join(this.layer, 'conf/layer.conf'), `${LAYER}LAYERSERIES_COMPAT_edits = "${series}"\n`);
    appendFileSync(join(this.build, 'conf/bblayers.conf'), `BBLAYERS += "${this.layer}"\n`);
    this.configure(SETTINGS + settings.replaceAll('ROOT', this.root));
    this.own(this.root);
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Adds to local.conf. */
  configure(lines: string): void {
    appendFileSync(join(this.build, 'conf/local.conf'), `${lines}\n`);
  }

  /** Adds a command to zlib's do_compile, until the function returned is called. */
  editZlib(): () => void {
    const recipes = join(this.layer, 'recipes');
    mkdirSync(recipes, { recursive: true });
    writeFileSync(join(recipes, 'zlib_%.bbappend'), 'do_compile:append() {\n    true\n}\n');
    return () => rmSync(recipes, { recursive: true });
  }

  /** As a build directory has it that nothing was built in. */
  forgetUnihashes(): void {
    rmSync(join(this.build, 'cache/bb_unihashes.dat'));
  }

  /** Lays empty objects: BitBake's check looks for nothing but their names. */
  lay(paths: readonly string[], directory = join(this.build, 'sstate-cache')): void {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    for (const path of paths) {
      const target = path.replace(join(this.build, 'sstate-cache'), directory);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, '');
    }
    this.own(directory);
  }

  /** The user and the group that BitBake runs as, for `spawn`. */
  identity(): { readonly uid?: number; readonly gid?: number } {
    if (USER === undefined) return {};
    const number = (flag: string) => Number(execFileSync('id', [flag, USER], { encoding: 'utf8' }));
    return { uid: number('-u'), gid: number('-g') };
  }

  /** `FILE:TASK`, as BitBake names a task, -> where its object would lie. */
  async objects(): Promise<Map<string, string>> {
    const { tasks } = await this.plan();
    return new Map(
      tasks.flatMap(({ recipe, task, object }) =>
        object?.path === undefined ? [] : [[`${recipe}:${task}`, object.path] as const],
      ),
    );
  }

  /** Fails unless BitBake and we say the same; prints the figures. @returns what both say */
  async compare(state: string): Promise<Run> {
    const expected = this.theirs();
    const found = ours(await this.plan());
    console.log(
      `${state}: ${found.summary}; ${found.setscene.length} setscene tasks, ${found.runs.length} tasks run ` +
        `(BitBake: ${expected.summary}; ${expected.setscene.length}, ${expected.runs.length})`,
    );
    expect(found).toEqual(expected);
    return found;
  }

  private own(path: string): void {
    if (USER !== undefined) execFileSync('chown', ['-R', USER, path]);
  }

  private bitbake(command: string): string {
    const script = `. ./oe-init-build-env '${this.build}' >/dev/null && ${command}`;
    const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LANG: 'en_US.UTF-8', HOME: this.root };
    const options = { cwd: CHECKOUT, env, encoding: 'utf8', maxBuffer: 1 << 28, ...this.identity() } as const;
    const { stdout, stderr, status } = spawnSync('bash', ['-c', script], options);
    if (status !== 0) throw new Error(`${command}: ${stdout.slice(-2000)}${stderr.slice(-2000)}`);
    return stdout;
  }

  private theirs(): Run {
    const output = this.bitbake(`bitbake -n ${TARGET}`);
    const found: Record<string, string[]> = { setscene: [], '': [], noexec: [] };
    for (const [, kind = '', task = ''] of output.matchAll(
      /Running (?:(setscene|noexec) )?task \d+ of \d+ \((.*)\)/g,
    ))
      found[kind]!.push(task.replace(/_setscene$/, ''));
    return {
      summary: /Sstate summary: .*/.exec(output)![0].trim(),
      setscene: found['setscene']!.sort(),
      runs: found['']!.sort(),
      noexec: found['noexec']!.sort(),
    };
  }

  private async plan(): Promise<PrintedPlan> {
    const args = ['sstate', TARGET, '--dry-run', '--format', 'json', '--build-dir', this.build];
    const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
    const { stdout, stderr } = spawnSync(process.execPath, [await bundledCommand(), ...args], options);
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as PrintedPlan;
  }
}

function ours({ summary, tasks }: PrintedPlan): Run {
  const named = (chosen: (task: PrintedTask) => boolean) =>
    tasks
      .filter(chosen)
      .map(({ recipe, task }) => `${recipe}:${task}`)
      .sort();
  return {
    summary: summary.line,
    setscene: named(({ setscene }) => setscene === 'used'),
    runs: named(({ outcome }) => outcome === 'runs'),
    noexec: named(({ outcome }) => outcome === 'noexec'),
  };
}
