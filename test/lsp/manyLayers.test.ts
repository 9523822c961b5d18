/**
 * A workspace of twenty layers: the sample's, and nineteen with recipes, classes and appends of their own. The hash is the
 * one that real BitBake computed for the same files.
 */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Editor, sampleCopy } from './client.ts';
import { HELLO, openSample } from './sample.ts';

const LAYERS = 19;
const RECIPES = 40;
/** Of do_install of hello, without and with all that it depends on. */
const INSTALL = '14: do_install 241e2aa1';
const TASKHASH = `${INSTALL} · taskhash 9eb5fbf6`;

function addLayer(folder: string, number: number): void {
  const name = `extra${number}`;
  const write = (path: string, text: string) => {
    const file = join(folder, `meta-${name}`, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  write(
    'conf/layer.conf',
    `BBPATH .= ":\${LAYERDIR}"
BBFILES += "\${LAYERDIR}/recipes-*/*/*.bb \${LAYERDIR}/recipes-*/*/*.bbappend"
BBFILE_COLLECTIONS += "${name}"
BBFILE_PATTERN_${name} = "^\${LAYERDIR}/"
BBFILE_PRIORITY_${name} = "6"
LAYERSERIES_COMPAT_${name} = "sample"
`,
  );
  write(
    `classes/${name}.bbclass`,
    `${name}_note() {\n    echo "\${PN} \${GREETING} ${number}"\n}\ndo_install[postfuncs] += "${name}_note"\n`,
  );
  write('recipes-hello/hello/hello_%.bbappend', `inherit ${name}\nGREETING .= " ${number}"\n`);
  for (let recipe = 0; recipe < RECIPES; recipe++)
    write(
      `recipes-more/more/${name}-more${recipe}_1.0.bb`,
      `inherit ${name}\nLICENSE = "MIT"\nDEPENDS = "libgreet"\nGREETING = "more"\ndo_compile() {\n    make ${recipe}\n}\n`,
    );
  appendFileSync(join(folder, 'build/conf/bblayers.conf'), `BBLAYERS += "\${TOPDIR}/../meta-${name}"\n`);
}

describe('a workspace of twenty layers', { timeout: 240_000 }, () => {
  let editor: Editor;
  beforeAll(async () => {
    const folder = sampleCopy();
    for (let number = 1; number <= LAYERS; number++) addLayer(folder, number);
    editor = await openSample(folder);
  }, 120_000);
  afterAll(() => {
    editor.kill();
    rmSync(editor.folder, { recursive: true, force: true });
  });

  /** What was told of recipes being evaluated that are not open. */
  const collecting = () => editor.progressMessages.filter((message) => /^\d+ of \d+/.test(message));

  it('shows the hash of a recipe that all layers append to, and evaluates no other for it', async () => {
    expect(await editor.lenses(HELLO)).toContain(INSTALL);
    expect(editor.statuses.at(-1)!.tooltip).toContain(
      `${3 + LAYERS * RECIPES} recipes in ${1 + LAYERS} layers`,
    );
    await editor.replace(HELLO, 'install -d', 'install -v');
    expect(await editor.lenses(HELLO)).toContainEqual(
      expect.stringMatching(/^14: do_install 241e2aa1 → (?!241e2aa1)[0-9a-f]{8}$/),
    );
    await editor.replace(HELLO, 'install -v', 'install -d');
    expect(await editor.lenses(HELLO)).toContain(INSTALL);
    expect(collecting()).toEqual([]);
  });

  it('has a task graph when it is asked for, and taskhashes', async () => {
    const document = { textDocument: { uri: editor.uri(HELLO) } };
    expect(await editor.request('sstateLens/collect', document)).toMatchObject({ recipes: 765 });
    expect(await editor.lenses(HELLO)).toContain(TASKHASH);
    expect(collecting().length).toBeGreaterThan(0);
  });

  it('has the taskhashes of the last of many edits that each make another graph', async () => {
    const depends = (names: string) => `DEPENDS = "${names}"`;
    let present = 'libgreet';
    const edit = async (names: string) => {
      await editor.replace(HELLO, depends(present), depends(names));
      present = names;
    };
    const taskhash = async () => (await editor.lenses(HELLO)).find((lens) => lens.startsWith('14: '));
    const isNew = (lens?: string) => /taskhash 9eb5fbf6 → [0-9a-f]{8}$/.test(lens ?? '');
    await edit('extra7-more7');
    const alone = await editor.until(taskhash, isNew);
    for (const names of ['', 'extra1-more1', 'libgreet', 'extra2-more2', '', 'libgreet extra3-more3']) {
      await edit(names);
      // Some come while a graph is being made, some before.
      await new Promise((resolve) => setTimeout(resolve, names.length * 5));
    }
    await edit('extra7-more7');
    expect(await editor.until(taskhash, (lens) => lens === alone)).toBe(alone);
    await edit('libgreet');
    expect(await editor.until(taskhash, (lens) => lens === TASKHASH)).toBe(TASKHASH);
  });
});
