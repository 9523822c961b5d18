import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  LIBRARY,
  ask,
  differences,
  havePython,
  type Found,
  type Ours,
  type Scenario,
  type Theirs,
} from './answers.ts';

/** A scenario with what BitBake answers by release, and what we say in 2.18 of calls that it cannot see. */
interface Recorded extends Scenario {
  readonly about: string;
  readonly answers: Readonly<Record<string, Theirs>>;
  readonly unseen: readonly Found['unseen'][];
}

const DATA = join(import.meta.dirname, '../data/python-analysis');

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(DATA, name), 'utf8')) as T;
}

const scenarios = [...read<Recorded[]>('texts.json'), ...read<Recorded[]>('modules.json')];
const traits = read<Record<string, object>>('traits.json');

describe.skipIf(!havePython()).each(Object.entries(traits))('Python analysis, BitBake %s', (release, its) => {
  const ours = havePython() ? ask<Ours>('ours', LIBRARY, scenarios, its) : [];

  it.each(scenarios.map((one, index) => ({ about: one.about, index })))('$about', ({ index }) => {
    const { answers, unseen } = scenarios[index]!;
    expect(differences(ours[index]!, answers[release] ?? answers['2.18']!)).toEqual([]);
    if (release === '2.18') expect(ours[index]!.texts.map((found) => found.unseen)).toEqual(unseen);
  });
});

describe.skipIf(!havePython())('Python analysis', () => {
  it('says where text is no Python', () => {
    const texts = ['a = 1\nb = (\n', '  a\n  b c\n', '\n  a\n  b c\n'].map((text) => ({
      text,
      variable: 'v',
    }));
    const [answer] = ask<Ours>('ours', LIBRARY, [{ texts }]);
    expect(answer!.texts.map(({ syntax_error }) => syntax_error!.line)).toEqual([1, 1, 2]);
  });
});
