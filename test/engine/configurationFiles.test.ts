/** Which changes of files have the configuration read anew, and which leave what recipes start from the same. */
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { openEvaluator } from '../harness/engine.ts';

const SAMPLE = join(import.meta.dirname, '../../samples/workspace');

describe('the configuration of the sample', () => {
  let folder: string;
  let layer: string;
  let files: HostFiles;
  let evaluator: RecipeEvaluator;
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-configuration-')));
    cpSync(SAMPLE, folder, { recursive: true, filter: (path) => !/\/build\/(?!conf)/.test(path) });
    // Spelled as BBLAYERS has it.
    layer = join(folder, 'build') + '/../meta-sample';
    files = new HostFiles([folder]);
    evaluator = await openEvaluator(join(folder, 'build'), 'wrynose', {}, files);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Whether it is read anew with a text laid over a file. */
  function isReadAnew(path: string, change: (text: string) => string): boolean {
    files.setOverlay(path, change(readFileSync(path, 'utf8')));
    const answer = evaluator.dependsOn([path]);
    files.setOverlay(path, undefined);
    expect(evaluator.dependsOn([path])).toBe(false);
    return answer;
  }

  it('is read anew for what is said in it', () => {
    const base = `${layer}/classes/base.bbclass`;
    expect(
      isReadAnew(base, (text) => text.replace('base_do_compile() {', 'base_do_compile() {\n    :')),
    ).toBe(true);
    expect(isReadAnew(`${layer}/conf/bitbake.conf`, (text) => `${text}\nA = "1"\n`)).toBe(true);
    expect(isReadAnew(`${folder}/build/conf/local.conf`, (text) => `${text}\nA = "1"\n`)).toBe(true);
  });

  it('is read anew for a comment only where that moves lines', () => {
    const base = `${layer}/classes/base.bbclass`;
    const [first = ''] = readFileSync(base, 'utf8').split('\n');
    expect(first).toMatch(/^#/);
    expect(isReadAnew(base, (text) => text.replace(first, `${first} and more`))).toBe(false);
    expect(isReadAnew(base, (text) => `# one more\n${text}`)).toBe(true);
    expect(isReadAnew(`${layer}/conf/bitbake.conf`, (text) => `${text}# at the end\n`)).toBe(false);
  });

  it('is the same to recipes with another comment', async () => {
    const base = join(folder, 'meta-sample/classes/base.bbclass');
    const text = readFileSync(base, 'utf8');
    writeFileSync(base, `# one more\n\n${text}`);
    const commented = await openEvaluator(join(folder, 'build'), 'wrynose', {}, new HostFiles([folder]));
    writeFileSync(base, `${text}\nA = "1"\n`);
    const other = await openEvaluator(join(folder, 'build'), 'wrynose', {}, new HostFiles([folder]));
    writeFileSync(base, text);
    expect(commented.summary.identity).toBe(evaluator.summary.identity);
    expect(other.summary.identity).not.toBe(evaluator.summary.identity);
  }, 120_000);

  it('is read anew for recipes and appends that come and go, and for no other file', () => {
    const told = (name: string) => {
      files.forget([name]);
      return evaluator.dependsOn([name]);
    };
    const come = (name: string) => {
      const path = `${layer}/recipes-sample/hello/${name}`;
      writeFileSync(path, '');
      const came = told(path);
      rmSync(path);
      expect(told(path)).toBe(false);
      return came;
    };
    expect(come('other_1.0.bb')).toBe(true);
    expect(come('hello_1.%.bbappend')).toBe(true);
    expect(come('fix.patch')).toBe(false);
    expect(come('.hello_1.0.bb.swp')).toBe(false);
    expect(told(`${layer}/recipes-sample/hello/hello_1.0.bb`)).toBe(false);
  });

  it('is not concerned by a recipe or an included file', () => {
    expect(isReadAnew(`${layer}/recipes-sample/hello/hello_1.0.bb`, (text) => `${text}\nA = "1"\n`)).toBe(
      false,
    );
    expect(isReadAnew(`${layer}/recipes-sample/hello/hello.inc`, (text) => `${text}\nA = "1"\n`)).toBe(false);
    expect(isReadAnew(`${layer}/classes/buildinfo.bbclass`, (text) => `${text}\nA = "1"\n`)).toBe(false);
  });
});
