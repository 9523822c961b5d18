/** Compares with the real BitBake of a checkout: all its Python functions, expressions and libraries. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { releaseOf } from '../../server/src/metadata/release.ts';
import { namedInPython } from '../../server/src/python/traits.ts';
import { LIBRARY, ask, differences, type Ours, type Scenario, type Theirs } from './answers.ts';

const checkout = process.env['SSTATE_LENS_OE_CORE'];

function files(directory: string, pattern: RegExp): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return files(path, pattern);
    return pattern.test(entry.name) ? [path] : [];
  });
}

const FUNCTION = /^(?:fakeroot\s+)?python\b[^\n(]*\(\s*\)\s*\{\n([^]*?)^\}/gm;
const DEFINITION = /^def\s.*\n(?:(?:[ \t].*)?\n)*/gm;
const EXPRESSION = /\$\{@((?:\{.*?\}|.)+?)\}/g;

function pythonTexts(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  if (path.endsWith('.py')) return [text];
  return [
    ...[...text.matchAll(FUNCTION)].map((match) => match[1]!),
    ...[...text.matchAll(DEFINITION)].map((match) => match[0]),
    ...[...text.matchAll(EXPRESSION)].map((match) => match[1]!),
  ];
}

function traitsOfCheckout(): object {
  const source = (name: string) => readFileSync(join(checkout!, 'bitbake/lib/bb', name), 'utf8');
  const version = /^__version__ = "([^"]+)"/m.exec(source('__init__.py'))![1]!;
  return namedInPython(releaseOf(version, source).python);
}

describe.skipIf(checkout === undefined)('Python analysis against BitBake', () => {
  it('finds the same in all Python of the checkout', { timeout: 600_000 }, () => {
    const meta = join(checkout!, 'meta');
    const texts = [...new Set(files(meta, /\.(bb|bbclass|bbappend|inc|conf|py)$/).flatMap(pythonTexts))].map(
      (text) => ({ text, variable: 'do_it' }),
    );
    expect(texts.length).toBeGreaterThan(1000);
    const scenario: Scenario = {
      modules: [{ namespace: 'oe', directory: join(meta, 'lib') }],
      texts,
    };
    const [ours] = ask<Ours>('ours', LIBRARY, [scenario], traitsOfCheckout());
    const [theirs] = ask<Theirs>('bitbake', checkout!, [scenario]);
    expect(differences(ours!, theirs!)).toEqual([]);
    expect(ours!.modules.length).toBe(theirs!.modules.length);
  });
});
