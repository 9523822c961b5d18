/** Compares with the real BitBake of a checkout: what it says of signature data that differ in everything. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explainDifference } from '../../server/src/signature/diff.ts';
import { diffsigsReport, dumpSignature } from '../../server/src/signature/diffText.ts';
import { parseSignatureData } from '../../server/src/signature/sigdata.ts';

const checkout = process.env['SSTATE_LENS_OE_CORE'];

interface Question {
  readonly files: Record<string, Recorded>;
  readonly before: string;
  readonly after: string;
}

interface Answer {
  readonly compare: readonly string[];
  readonly dump: readonly string[] | null;
}

type Recorded = Record<string, unknown>;

function ask(questions: readonly Question[]): readonly Answer[] {
  const output = execFileSync('python3', [join(import.meta.dirname, 'oracle.py'), checkout!], {
    input: JSON.stringify(questions),
    maxBuffer: 1 << 30,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return JSON.parse(output) as Answer[];
}

const NAMES = ['A', 'B', 'LDFLAGS', 'do_compile', 'lib_oe.utils'];
const siggen = checkout === undefined ? '' : readFileSync(join(checkout, 'bitbake/lib/bb/siggen.py'), 'utf8');
/** Old releases have full names of tasks. */
const TASKS = siggen.includes('def clean_basepath(')
  ? [
      '/meta/gmp/gmp_1.bb:do_compile',
      'mc:musl:/meta/zlib/zlib_1.bb:do_install',
      'mc:musl:virtual:native:/meta/zlib/zlib_1.bb:do_install',
      'virtual:native:/meta/zlib/zlib_1.bb:do_install',
    ]
  : ['gmp:do_compile', 'mc:musl:zlib:do_install', 'zlib:do_install', 'zlib:do_fetch'];
const HASHES = ['h1', 'h2', 'h3'];
const set = (items: readonly string[]) => ({ _set_object: [...items].sort() });
const some = (names: readonly string[]) => fc.uniqueArray(fc.constantFrom(...names));
const value = fc.option(
  fc.oneof(
    fc.constantFrom('', 'x', 'x y', 'x  y', 'x\ny\nz', 'x\ny2\nz\n', "it's\t\\", 'a b c d', 'a c d e'),
    fc
      .array(fc.constantFrom('one', 'two', ' ', '\n', '\n'), { maxLength: 30 })
      .map((words) => words.join('')),
  ),
);
const files = fc.array(fc.tuple(fc.constantFrom('a.patch', './sub/b', 'a b'), fc.constantFrom('c1', 'c2')), {
  maxLength: 4,
});

const recorded = fc
  .record({
    names: some(NAMES),
    own: value,
    values: fc.array(value, { minLength: NAMES.length, maxLength: NAMES.length }),
    named: fc.array(some(NAMES), { minLength: NAMES.length, maxLength: NAMES.length }),
    ignored: some(NAMES),
    // BitBake itself fails where both have one and they differ.
    ignoredTasks: fc.option(fc.constant('x')),
    basehash: fc.constantFrom('b1', 'b2'),
    tasks: some(TASKS),
    hashes: fc.array(fc.constantFrom(...HASHES), { minLength: TASKS.length, maxLength: TASKS.length }),
    files,
    taint: fc.option(fc.constantFrom('nostamp:1', 'nostamp:2', 'forced')),
    base: fc.boolean(),
  })
  .map((made): Recorded => {
    const names = [...made.names].sort();
    const tasks = [...made.tasks].sort();
    const byName = <T>(values: readonly T[]) =>
      Object.fromEntries(names.map((name) => [name, values[NAMES.indexOf(name)]!]));
    return {
      task: 'do_x',
      basehash: made.basehash,
      basehash_ignore_vars: set(made.ignored),
      taskhash_ignore_tasks: made.ignoredTasks,
      taskdeps: names,
      gendeps: byName(made.named.map(set)),
      varvals: { ...byName(made.values), do_x: made.own },
      ...(made.base
        ? {}
        : {
            runtaskdeps: tasks,
            runtaskhashes: Object.fromEntries(tasks.map((task) => [task, made.hashes[TASKS.indexOf(task)]])),
            file_checksum_values: made.files,
            taskhash: 't',
            unihash: 't',
          }),
      ...(made.taint === null ? {} : { taint: made.taint }),
    };
  });

/** Dependencies have none of their own: hashes name one file each, and files must not lead in a circle. */
const leaf = recorded.map((data): Recorded =>
  'runtaskdeps' in data ? { ...data, runtaskdeps: [], runtaskhashes: {} } : data,
);

const question = fc
  .record({ before: recorded, after: recorded, h1: leaf, h2: leaf })
  .map(({ before, after, h1, h2 }): Question => {
    return { files: { before, after, h1, h2 }, before: 'before', after: 'after' };
  });

/** Where only ends of lines differ, BitBake shows an empty line, and we say so. */
function content(lines: readonly string[]): string {
  return lines
    .join('\n')
    .split('\n')
    .filter((line) => !/^\s*(\(only the end of a line changed\))?$/.test(line))
    .join('\n');
}

describe('signature data', () => {
  it.skipIf(checkout === undefined)(
    'are compared and shown as bitbake-diffsigs does',
    { timeout: 300_000 },
    () => {
      const questions = fc.sample(question, { numRuns: 400, seed: 11 });
      const answers = ask(questions);
      const ours = questions.map(({ files }) => {
        const data = new Map(
          Object.entries(files).map(([name, file]) => [name, parseSignatureData(JSON.stringify(file))]),
        );
        const before = data.get('before')!;
        const explained = explainDifference(before, data.get('after')!, (_, before, after) => {
          const [a, b] = [data.get(before), data.get(after)];
          return a && b && [a, b];
        });
        return { compare: diffsigsReport(explained), dump: dumpSignature(before) };
      });
      const different = questions.flatMap((question, at) => {
        const [own, theirs] = [ours[at]!, answers[at]!];
        const parts = [
          { own: own.compare, theirs: theirs.compare },
          { own: own.dump, theirs: theirs.dump ?? own.dump },
        ];
        const wrong = parts.filter(({ own, theirs }) => content(own) !== content(theirs));
        return wrong.length === 0 ? [] : [{ question: JSON.stringify(question), wrong }];
      });
      expect(different.slice(0, 2)).toEqual([]);
      expect(answers).toHaveLength(400);
    },
  );
});
