import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseFile } from '../../server/src/syntax/parser.ts';
import { syntaxTraits } from '../../server/src/syntax/traits.ts';
import { answerOf, comparable, gaps, type Answer } from './cases.ts';

/** An OE-Core checkout with bitbake/ inside. */
const CHECKOUT = process.env['SSTATE_LENS_OE_CORE'] ?? '';
const BITBAKE = ['bitbake', '../bitbake']
  .map((name) => join(CHECKOUT, name))
  .find((path) => existsSync(path));

/** Metadata, as opposed to configuration of other programs that recipes ship under the same names. */
function isMetadata(path: string): boolean {
  const inner = path.slice(CHECKOUT.length + 1);
  if (inner.endsWith('.conf')) return /^meta[^/]*\/conf\//.test(inner) && !inner.endsWith('/ccache.conf');
  return /^meta[^/]*\/(?:classes|conf|recipes|lib|files\/.*\.bb)/.test(inner) && !inner.endsWith('.wks.inc');
}

function metadata(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === '.git' ? [] : metadata(path);
    return entry.isFile() && /\.(bb|bbclass|inc|bbappend|conf)$/.test(path) && isMetadata(path) ? [path] : [];
  });
}

/** What BitBake itself says to each file. */
async function asked(files: readonly { path: string; text: string }[]): Promise<Answer[]> {
  const python = spawn('python3', [join(import.meta.dirname, 'bitbake_statements.py'), BITBAKE!], {
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for (const file of files) python.stdin.write(`${JSON.stringify(file)}\n`);
  python.stdin.end();
  const answers: Answer[] = [];
  for await (const line of createInterface({ input: python.stdout }))
    answers.push(JSON.parse(line) as Answer);
  return answers;
}

describe.skipIf(BITBAKE === undefined)('reads OE-Core as BitBake does', () => {
  const files: { path: string; text: string }[] = [];
  let traits = syntaxTraits(2, 0);
  let answers: Answer[] = [];

  beforeAll(async () => {
    const version = /__version__ = "(\d+)\.(\d+)/.exec(
      readFileSync(join(BITBAKE!, 'lib/bb/__init__.py'), 'utf8'),
    )!;
    traits = syntaxTraits(Number(version[1]), Number(version[2]));
    const layers = readdirSync(CHECKOUT).filter((name) => /^meta/.test(name));
    for (const path of layers.flatMap((layer) => metadata(join(CHECKOUT, layer)))) {
      files.push({ path, text: readFileSync(path, 'utf8') });
    }
    answers = await asked(files);
  }, 120_000);

  it('finds no error in any file', () => {
    const wrong = files.flatMap(({ path, text }) =>
      parseFile(path, text, traits).problems.filter(({ severity }) => severity === 'error'),
    );
    expect(wrong).toEqual([]);
    expect(files.length).toBeGreaterThan(500);
  });

  it('hands over the same statements, and warns of the same', () => {
    expect(answers).toHaveLength(files.length);
    files.forEach(({ path, text }, index) => {
      const tree = parseFile(path, text, traits);
      const ours = answerOf(tree);
      expect({ path, ...ours }).toEqual({ path, ...comparable(answers[index]!, ours.warnings) });
      expect(gaps(tree, text)).toEqual([]);
    });
  });

  it('refuses a file cut short where BitBake does', async () => {
    const cut = files
      .filter(({ text }, index) => index % 20 === 0 && text.length < 20_000)
      .flatMap(({ path, text }) => {
        const lines = text.split(/(?<=\n)/);
        return lines.map((_, count) => ({ path, text: lines.slice(0, count).join('').trimEnd() }));
      });
    const theirs = await asked(cut);
    cut.forEach(({ path, text }, index) => {
      const answer = theirs[index]!;
      // Nothing is evaluated here, so no file is read that would make an old BitBake forget what is open.
      const tree = parseFile(path, text, { ...traits, refusesUnclosed: true });
      const ours = answerOf(tree);
      expect({ path, text, refused: ours.refused }).toEqual({ path, text, refused: answer.refused !== null });
      expect(ours.statements).toEqual(answer.statements);
    });
  }, 120_000);
});
