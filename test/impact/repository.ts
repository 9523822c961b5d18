/**
 * A git repository with the sample workspace in it and commits of different kinds, for the tests of `impact`: its
 * build directory is in the same repository as the layer, and ignored.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundledCommand } from '../lsp/command.ts';

const SAMPLE = join(import.meta.dirname, '../../samples/workspace');
const ENV = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
};

/** The layer's own way of having files in hashes, as OE-Core's classes have. */
const CHECKSUMS = `
def local_files(d):
    found = []
    for uri in (d.getVar('SRC_URI') or '').split():
        for directory in (d.getVar('FILESPATH') or '').split(':'):
            path = os.path.join(directory, uri.replace('file://', ''))
            if os.path.exists(path):
                found.append(path + ':True')
                break
    return ' '.join(found)

THISDIR = "\${@os.path.dirname(d.getVar('FILE', False))}"
PV[vardepvalue] = "\${PV}"
do_fetch[file-checksums] = "\${@local_files(d)}"
`;

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Repository {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-impact-')));
  readonly buildDir = join(this.root, 'build');
  private readonly cache = mkdtempSync(join(tmpdir(), 'sstate-lens-cache-'));

  constructor() {
    cpSync(SAMPLE, this.root, { recursive: true });
    const base = 'meta-sample/classes/base.bbclass';
    this.write(base, this.read(base) + CHECKSUMS);
    this.write('.gitignore', '/build/\n');
    this.git('init', '-q', '-b', 'main');
    this.git('config', 'user.name', 'a');
    this.git('config', 'user.email', 'a@example.com');
    this.git('config', 'core.autocrlf', 'false');
    this.commit('first');
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  write(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  edit(path: string, from: string, to: string): void {
    const text = this.read(path);
    if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
    this.write(path, text.replace(from, to));
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.root, env: ENV, encoding: 'utf8' });
  }

  commit(subject: string): void {
    this.git('add', '-A');
    this.git('commit', '-q', '-m', subject);
  }

  /** Runs the command in the repository. */
  async run(args: readonly string[], input?: string | Uint8Array): Promise<Finished> {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [await bundledCommand(), ...args, '--build-dir', this.buildDir],
      {
        encoding: 'utf8',
        cwd: this.root,
        env: { ...ENV, XDG_CACHE_HOME: this.cache },
        maxBuffer: 64 * 1024 * 1024,
        ...(input !== undefined && { input }),
      },
    );
    return { status, stdout, stderr };
  }

  /** Every task of the checkout as it is, by recipe and task, with its taskhash; nothing kept from before counts. */
  async hashes(): Promise<Map<string, string>> {
    const { status, stdout, stderr } = await this.run([
      'sig',
      '--hash',
      'taskhash',
      'universe',
      '--closure',
      '--no-cache',
      '--format',
      'tsv',
    ]);
    if (status === 2 || stdout === '') throw new Error(stderr);
    const rows = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      rows.map((row) => {
        const [, pn, task, hash] = row.split('\t');
        return [`${pn!}:${task!}`, hash!];
      }),
    );
  }

  dispose(): void {
    for (const path of [this.root, this.cache]) rmSync(path, { recursive: true, force: true });
  }
}
