/**
 * What the editor shows after files have changed on disk: always what they hold now. The taskhashes are those of real
 * BitBake for the same files (`bitbake -S none`).
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type Editor, sampleCopy } from './client.ts';
import { HELLO, openSample } from './sample.ts';
import { short } from './table.ts';

const LIBGREET = 'meta-sample/recipes-sample/libgreet/libgreet_2.1.bb';
/** Recipes that take a while to be evaluated. */
const OTHERS = 30;
const FOLDER = 'meta-sample/recipes-sample/hello';
/** After so long nothing comes any more. */
const QUIET_MILLISECONDS = 1_000;
/** Two files of the recipe, of which one is not there. */
const CHECKSUMS = `do_fetch[file-checksums] = "\${@' '.join('%s:%s' % (path, os.path.exists(path)) for path in \
[d.getVar('FILE_DIRNAME') + '/files/' + name for name in ('hello.c', 'extra.h')])}"\n`;
const REVISION = `REVISION := "\${@bb.process.run('git rev-parse HEAD', cwd=d.getVar('TOPDIR'))[0].strip()}"\n`;
const INSTALL = short('hello', 'do_install');

let editor: Editor;
afterEach(() => {
  editor.kill();
  rmSync(editor.folder, { recursive: true, force: true });
});

/** Waits for the lens over do_install. */
function shows(text: string): Promise<string | undefined> {
  return editor.until(
    async () => (await editor.lenses(HELLO)).find((lens) => lens.startsWith('14: ')),
    (lens) => lens === text,
  );
}

function gitIn(folder: string): (...args: string[]) => void {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
  return (...args) => void execFileSync('git', [...identity, ...args], { cwd: folder });
}

describe('changes on disk', { timeout: 120_000 }, () => {
  it('of files whose checksums count are seen, and files that were missing', async () => {
    const folder = sampleCopy();
    appendFileSync(join(folder, FOLDER, 'hello.inc'), CHECKSUMS);
    editor = await openSample(folder, { taskGraph: 'background' });
    expect(await shows(`14: do_install ${INSTALL} · taskhash eba762b5`)).toContain('taskhash eba762b5');
    appendFileSync(join(folder, FOLDER, 'files/hello.c'), '/* seen */\n');
    expect(await shows(`14: do_install ${INSTALL} · taskhash 66bb53c6`)).toContain('taskhash 66bb53c6');
    writeFileSync(join(folder, FOLDER, 'files/extra.h'), '#define EXTRA\n');
    expect(await shows(`14: do_install ${INSTALL} · taskhash 2a7cc84d`)).toContain('taskhash 2a7cc84d');
  });

  it('of an open document are seen where the editor loads the file before anybody has told of it', async () => {
    editor = await openSample();
    expect(await shows(`14: do_install ${INSTALL}`)).toBe(`14: do_install ${INSTALL}`);
    const line = '    install -d ${D}${bindir}';
    const reload = async (from: string, to: string) => {
      writeFileSync(join(editor.folder, HELLO), editor.text(HELLO).replace(from, to));
      await editor.replace(HELLO, from, to);
      return (await editor.lenses(HELLO))[1];
    };
    const other = await reload(line, `${line} # other`);
    expect(other).toMatch(new RegExp(`^14: do_install ${INSTALL} → (?!${INSTALL})[0-9a-f]{8}$`));
    expect(await reload(`${line} # other`, line)).toBe(`14: do_install ${INSTALL}`);
  });

  it('of other recipes have the editor ask again once these are evaluated', async () => {
    editor = await openSample(sampleCopy(), { taskGraph: 'background' });
    await shows(`14: do_install ${INSTALL} · taskhash 879e811e`);
    const afterCollecting = () => editor.told.slice(editor.told.lastIndexOf('end'));
    const { length } = editor.told;
    appendFileSync(join(editor.folder, LIBGREET), 'do_install[vardeps] += "PN"\n');
    const isCollected = () => editor.told.lastIndexOf('end') > length;
    expect(await editor.until(isCollected, (is) => is)).toBe(true);
    expect(await editor.until(afterCollecting, (told) => told.includes('changed'))).toContain('changed');
    expect((await editor.lenses(HELLO))[1]).toMatch(
      new RegExp(`^14: do_install ${INSTALL} · taskhash (?!879e811e)[0-9a-f]{8}$`),
    );
  });

  it('of several recipes at once show no taskhashes before all of them are evaluated', async () => {
    const folder = sampleCopy();
    const libgreet = readFileSync(join(folder, LIBGREET), 'utf8');
    for (let number = 0; number < OTHERS; number++)
      writeFileSync(join(folder, LIBGREET.replace('libgreet_2', `other${number}_2`)), libgreet);
    editor = await openSample(folder, { taskGraph: 'background' });
    await shows(`14: do_install ${INSTALL} · taskhash 879e811e`);
    const { length } = editor.told;
    const recipes = join(folder, dirname(LIBGREET));
    // What is assigned at once has to be evaluated.
    const lines = 'CHANGED := "1"\ndo_install[vardeps] += "CHANGED"\n';
    for (const name of readdirSync(recipes))
      if (name.endsWith('.bb')) appendFileSync(join(recipes, name), lines);
    const meanwhile = new Set<string>();
    const look = async () => {
      const begun = editor.told.includes('begin', length);
      const lens = (await editor.lenses(HELLO))[1]!;
      const told = editor.told.slice(length);
      if (begun && !told.includes('end')) meanwhile.add(lens);
      return told.includes('end') && lens;
    };
    const after = await editor.until(look, (lens) => typeof lens === 'string' && lens.includes('taskhash'));
    expect(after).toMatch(new RegExp(`^14: do_install ${INSTALL} · taskhash (?!879e811e)[0-9a-f]{8}$`));
    expect(meanwhile.size).toBeGreaterThan(0);
    for (const lens of meanwhile) expect(lens).not.toContain('taskhash');
  });

  it('of where the repository stands are seen by recipes that ask for it', async () => {
    const folder = sampleCopy();
    const git = gitIn(folder);
    appendFileSync(join(folder, 'build/conf/local.conf'), REVISION);
    appendFileSync(join(folder, FOLDER, 'hello.inc'), 'do_install[vardeps] += "REVISION"\n');
    git('init', '--quiet');
    git('add', '--all');
    // The open document is in a repository of its own.
    execFileSync('git', ['init', '--quiet'], { cwd: join(folder, 'meta-sample') });
    git('commit', '--quiet', '-m', 'first');
    editor = await openSample(folder, { taskGraph: 'background' });
    const lens = async () => (await editor.lenses(HELLO)).find((lens) => lens.startsWith('14: '));
    const isWhole = (text: string | undefined) => /^14: do_install [0-9a-f]{8} · taskhash/.test(text ?? '');
    const first = await editor.until(lens, isWhole);
    git('commit', '--quiet', '--allow-empty', '-m', 'second');
    const second = await editor.until(lens, (text) => isWhole(text) && text !== first);
    expect(second).toMatch(/^14: do_install [0-9a-f]{8} · taskhash [0-9a-f]{8}$/);
    expect(second).not.toBe(first);
    git('reset', '--quiet', '--hard', 'HEAD~1');
    expect(await editor.until(lens, (text) => text === first)).toBe(first);
  });

  it('of a branch that is checked out have recipes evaluated in one go', async () => {
    const folder = sampleCopy();
    const git = gitIn(folder);
    appendFileSync(join(folder, 'build/conf/local.conf'), REVISION);
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '-m', 'first');
    git('checkout', '--quiet', '-b', 'other');
    appendFileSync(join(folder, LIBGREET), 'do_install[vardeps] += "PN"\n');
    git('commit', '--quiet', '--all', '-m', 'second');
    git('checkout', '--quiet', '-');
    editor = await openSample(folder, { taskGraph: 'background' });
    await shows(`14: do_install ${INSTALL} · taskhash 879e811e`);
    const { length } = editor.told;
    git('checkout', '--quiet', 'other');
    const lens = async () => (await editor.lenses(HELLO))[1];
    const isOther = (text: string | undefined) => /taskhash (?!879e811e)[0-9a-f]{8}$/.test(text ?? '');
    expect(await editor.until(lens, isOther)).toContain(`14: do_install ${INSTALL} · taskhash `);
    const told = () => editor.told.slice(length);
    expect(await editor.until(told, (told) => told.at(-1) === 'changed')).toContain('end');
    await after(QUIET_MILLISECONDS);
    expect(told().filter((kind) => kind === 'begin')).toEqual(['begin']);
  });

  it('of a layer that is added are seen from then on', async () => {
    const folder = sampleCopy();
    // Outside of what could be read so far.
    const layer = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-layer-')));
    const append = join(layer, 'hello_%.bbappend');
    mkdirSync(join(layer, 'conf'), { recursive: true });
    writeFileSync(
      join(layer, 'conf/layer.conf'),
      'BBFILES += "${LAYERDIR}/*.bbappend"\nBBFILE_COLLECTIONS += "other"\nBBFILE_PATTERN_other = "^${LAYERDIR}/"\n' +
        'BBFILE_PRIORITY_other = "6"\nLAYERSERIES_COMPAT_other = "sample"\n',
    );
    writeFileSync(append, 'MOTD = "other"\n');
    editor = await openSample(folder);
    expect(await shows(`14: do_install ${INSTALL}`)).toBe(`14: do_install ${INSTALL}`);
    appendFileSync(join(folder, 'build/conf/bblayers.conf'), `BBLAYERS += "${layer}"\n`);
    const hovered = (value: string) =>
      editor.until(
        () => editor.hover(HELLO, 'MOTD'),
        (text) => text?.includes(value) === true,
      );
    expect(await hovered(`${layer}/hello_%25.bbappend`)).toContain('other');
    for (const value of ['second', 'third!']) {
      writeFileSync(append, `MOTD = "${value}"\n`);
      expect(await hovered(value)).toContain(value);
    }
    writeFileSync(append, '');
    expect(await shows(`14: do_install ${INSTALL}`)).toBe(`14: do_install ${INSTALL}`);
    rmSync(layer, { recursive: true });
  });
});
