/** Which layers bblayers.conf names, as such files have it in practice; the sandbox's Python finds the same. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { readLayers } from '../../server/src/host/layersFile.ts';

let top: string;

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-')));
  for (const layer of ['sources/core', 'sources/bsp', 'home/own']) write(`${layer}/conf/layer.conf`, '');
});
afterEach(() => rmSync(top, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(top, path)), { recursive: true });
  writeFileSync(join(top, path), text);
}

function layersOf(text: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  write('build/conf/bblayers.conf', `BBPATH = "\${TOPDIR}"\nBBFILES ?= ""\n${text}\n`);
  for (const [name, content] of Object.entries(more)) write(name, content);
  const environment = {
    HOME: join(top, 'home'),
    BB_ENV_PASSTHROUGH_ADDITIONS: 'SRC',
    SRC: join(top, 'sources'),
  };
  return readLayers(join(top, 'build'), environment).named.map((path) =>
    path.startsWith(`${top}/`) ? path.slice(top.length + 1) : path,
  );
}

const UP = "os.path.dirname(d.getVar('FILE', True))";

it.each([
  ['a path from the file', `T := "\${@os.path.abspath(${UP} + '/../..')}"\nBBLAYERS = "\${T}/sources/core"`],
  [
    'one with the rest behind it',
    `T := "\${@os.path.abspath(${UP})}/../.."\nBBLAYERS = "\${T}/sources/core"`,
  ],
  [
    'one joined',
    `T := "\${@os.path.realpath(os.path.join(${UP}, '..', '..'))}"\nBBLAYERS = "\${T}/sources/core"`,
  ],
  ['what is asked for late', "BBLAYERS = \"${@d.getVar('TOPDIR').replace('/build', '')}/sources/core\""],
  ['slashes too many', 'BBLAYERS = "${TOPDIR}/..//sources//core/"'],
  ['the environment', 'BBLAYERS = "${SRC}/core"'],
  ['the environment of Python', 'BBLAYERS = "${@os.environ[\'SRC\']}/core"'],
  ['its absence', "BBLAYERS = \"${@os.environ.get('NONE') or d.getVar('SRC')}/core\""],
  ['a relative path', 'BBLAYERS = "../sources/core"'],
  ['texts behind one another', "BBLAYERS = \"${@d.getVar('SRC') + '/' 'core'}\""],
])('tells %s', (_, text) => {
  expect(layersOf(text)).toEqual(['sources/core']);
});

it('knows the home directory by both of its names', () => {
  expect(layersOf('BBLAYERS = "~/own ${HOME}/own ${@os.path.expanduser(\'~/own\')}"')).toEqual(
    Array.from({ length: 3 }, () => 'home/own'),
  );
});

it('adds up assignments and included files, once each', () => {
  const text =
    'S := "${TOPDIR}/../sources"\ninclude none.inc\nBBLAYERS ?= "${S}/core"\nBBLAYERS ?= "no"\nrequire conf/more.inc\nBBLAYERS =+ "${S}/first"';
  const more = 'BBLAYERS += "${S}/bsp"\nrequire conf/more.inc\n';
  const found = layersOf(text, { 'build/conf/more.inc': more });
  expect(found.slice(0, 3)).toEqual(['sources/first', 'sources/core', 'sources/bsp']);
  expect(new Set(found).size).toBe(3);
});

it.each([
  ["'${S}/bsp' if os.path.isfile('${S}/bsp/conf/layer.conf') else ''", ['sources/bsp']],
  ["'${S}/none' if os.path.exists('${S}/none') else ''", []],
  ["'${S}/bsp' if not os.path.isdir('${S}/none') and 'a' in 'abc' else ''", ['sources/bsp']],
  ["bb.utils.contains('WORDS', 'b a', '${S}/bsp', '', d)", ['sources/bsp']],
  ["bb.utils.contains('WORDS', 'c', '${S}/bsp', '${S}/core', d)", ['sources/core']],
  ["' '.join(['${S}/core', '${S}/bsp'])", ['sources/core', 'sources/bsp']],
  ["'' if d.getVar('UNSET') else '${S}/core'", ['sources/core']],
  ["'${S}/core' if d.getVar('WORDS').split() != [] else ''", ['sources/core']],
  ["('${S}' + '/' + os.path.basename('/x/core')).strip()", ['sources/core']],
  ["'${S}/core' if 'd' not in d.getVar('WORDS') else 'no'", ['sources/core']],
])('works out %s', (expression, expected) => {
  expect(layersOf(`S := "${top}/sources"\nWORDS = "a b"\nBBLAYERS = "\${@${expression}}"`)).toEqual(expected);
});

it.each([
  "open('/etc/passwd').read()",
  "[x for x in '/a /b'.split()][0]",
  "__import__('os').getcwd()",
  "'/a' if",
  "'/a' + 1",
  "'/a\\n'",
  "d.getVar('TOPDIR', False).upper()",
  "lambda: '/a'",
])('finds no layer in %s', (expression) => {
  expect(layersOf(`BBLAYERS = "\${@${expression}}"`).filter((path) => path.startsWith('/'))).toEqual([]);
});

it('lets be read what is a layer, and asked what it asks itself, and nothing else', () => {
  layersOf(
    'S := "${TOPDIR}/../sources"\nBBLAYERS = "${S}/core ${S}/secret"\nX = "${@os.path.exists(\'${S}/secret\')}"\n' +
      "BBLAYERS += \"${@'${S}/secret' if os.path.exists('${S}/secret') else ''} ${@'${S}/x' if os.path.isfile('${S}/none/conf/layer.conf') else ''}\"",
    { 'sources/secret/text': 'secret' },
  );
  const { roots } = openBuildDirectory(join(top, 'build'));
  const sources = join(top, 'sources');
  expect(roots).toEqual([join(top, 'build'), join(sources, 'core'), join(sources, 'none/conf/layer.conf')]);
  const files = new HostFiles(roots);
  expect(files.stat(`${top}/build/../sources//core/conf/layer.conf`)?.kind).toBe('file');
  expect(files.stat(`${sources}/./core//conf/../conf/layer.conf`)?.kind).toBe('file');
  expect(files.readText(`${sources}/core/../secret/text`)).toBeUndefined();
  expect(files.readText(join(sources, 'secret/text'))).toBeUndefined();
});
