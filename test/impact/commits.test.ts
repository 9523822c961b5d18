/**
 * Commits of different kinds: what `impact` says of each, read from git's objects while another commit is checked out,
 * is what two checkouts differ in that are evaluated by themselves, task by task.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImpactReport, ReportedCause } from '../../server/src/cli/impactReport.ts';
import { Repository } from './repository.ts';

const RECIPES = 'meta-sample/recipes-sample';

interface Kind {
  readonly name: string;
  readonly change: (at: Repository) => void;
  /** Root causes, those that reach most first. */
  readonly causes: readonly string[];
}

const KINDS: readonly Kind[] = [
  {
    name: 'a statement of a recipe, and a comment',
    change: (at) => {
      at.edit(`${RECIPES}/libgreet/libgreet_2.1.bb`, '-shared', '-shared -fPIC');
      at.edit(`${RECIPES}/hello/hello.inc`, '# What all', '# This is what all');
    },
    causes: [`${RECIPES}/libgreet/libgreet_2.1.bb:11 do_compile edited`],
  },
  {
    name: 'a function of a class that all inherit',
    change: (at) => at.edit('meta-sample/classes/base.bbclass', 'echo "NOTE: $*"', 'echo "NOTE:" "$@"'),
    causes: ['meta-sample/classes/base.bbclass:9 bbnote edited'],
  },
  {
    name: 'a file of SRC_URI',
    change: (at) => at.edit(`${RECIPES}/libgreet/files/greet.c`, '"Hello"', '"Good morning"'),
    causes: [`${RECIPES}/libgreet/files/greet.c greet.c edited`],
  },
  {
    name: 'a file that comes before another on the search path',
    change: (at) => {
      at.write(`${RECIPES}/hello/site/hello.c`, 'int main(void) { return 1; }\n');
      at.edit(`${RECIPES}/hello/hello_%.bbappend`, '${THISDIR}/files:', '${THISDIR}/site:${THISDIR}/files:');
    },
    causes: [`${RECIPES}/hello/files/hello.c hello.c removed`, `${RECIPES}/hello/site/hello.c hello.c added`],
  },
  {
    name: 'a new version: the file has another name, and says another thing',
    change: (at) => {
      at.edit(`${RECIPES}/libgreet/libgreet_2.1.bb`, '-fPIC', '-fpic');
      at.git('mv', `${RECIPES}/libgreet/libgreet_2.1.bb`, `${RECIPES}/libgreet/libgreet_3.0.bb`);
    },
    causes: [
      `${RECIPES}/libgreet/libgreet_3.0.bb PV 3.0 instead of 2.1: renamed from libgreet_2.1.bb`,
      `${RECIPES}/libgreet/libgreet_3.0.bb:11 do_compile edited`,
    ],
  },
  {
    name: 'another bbappend',
    change: (at) => at.write(`${RECIPES}/more/greet-image.bbappend`, 'IMAGE_INSTALL:append = " libgreet"\n'),
    causes: [`${RECIPES}/more/greet-image.bbappend:1 IMAGE_INSTALL:append added`],
  },
  {
    name: 'a new recipe that others depend on',
    change: (at) => {
      at.write(`${RECIPES}/libword/libword_1.0.bb`, 'LICENSE = "MIT"\nBBCLASSEXTEND = "native"\n');
      at.edit(`${RECIPES}/hello/hello_1.0.bb`, 'DEPENDS = "libgreet"', 'DEPENDS = "libgreet libword"');
    },
    causes: [
      `${RECIPES}/libword/libword_1.0.bb libword_1.0.bb added`,
      `${RECIPES}/hello/hello_1.0.bb:5 DEPENDS edited`,
    ],
  },
  {
    name: 'configuration of the machine',
    change: (at) => at.edit('meta-sample/conf/machine/samplebox.conf', '115200', '9600'),
    causes: ['meta-sample/conf/machine/samplebox.conf:6 CONSOLE_BAUD edited'],
  },
  {
    name: 'a task that is gone',
    change: (at) =>
      at.edit(
        'meta-sample/classes/base.bbclass',
        'addtask configure after do_patch',
        'deltask configure\naddtask unconfigured after do_patch\ndo_unconfigured() {\n    :\n}',
      ),
    causes: [
      'meta-sample/classes/base.bbclass:47 deltask configure edited',
      'meta-sample/classes/base.bbclass:48 unconfigured added',
      'meta-sample/classes/base.bbclass:49 do_unconfigured added',
    ],
  },
  {
    name: 'a recipe that is gone',
    change: (at) => {
      at.git('rm', '-q', '-r', `${RECIPES}/greet-image`, `${RECIPES}/more`);
    },
    causes: [`${RECIPES}/greet-image/greet-image.bb greet-image.bb removed`],
  },
];

describe('what impact says of a commit', { timeout: 600_000 }, () => {
  let repository: Repository;
  /** By commit, the first one at 0. */
  const hashes: Map<string, string>[] = [];

  beforeAll(async () => {
    repository = new Repository();
    hashes.push(await repository.hashes());
    for (const { name, change } of KINDS) {
      change(repository);
      repository.commit(name);
      hashes.push(await repository.hashes());
    }
  }, 600_000);
  afterAll(() => repository.dispose());

  it.each(KINDS.map(({ name, causes }, at) => ({ name, causes, at })))(
    'is so: $name',
    async ({ at, causes }) => {
      const [base, head] = [`HEAD~${KINDS.length - at}`, `HEAD~${KINDS.length - at - 1}`];
      const { status, stdout, stderr } = await repository.run([
        'impact',
        '--base',
        base,
        '--head',
        head,
        '--format',
        'json',
      ]);
      expect(stderr).toBe('');
      expect(status).toBe(0);
      const report = JSON.parse(stdout) as ImpactReport;
      expect(reported(report)).toEqual(difference(hashes[at]!, hashes[at + 1]!));
      expect(report.results[0]!.causes.map(causeText)).toEqual(causes);
    },
  );
});

function causeText({ path, lines, subject, action }: ReportedCause): string {
  const place = lines ? `${path}:${lines[0]}` : path;
  return `${place} ${subject} ${action}`.trimEnd();
}

/** Recipe and task -> hashes before and after; null: there is no such task. */
type Difference = Readonly<Record<string, readonly [string | null, string | null]>>;

function reported({ results }: ImpactReport): Difference {
  const found: Record<string, readonly [string | null, string | null]> = {};
  for (const { recipe, taskhashes } of results[0]!.recipes) {
    for (const { task, before, after } of taskhashes) {
      const isKnown = [before, after].every((hash) => hash === null || typeof hash === 'string');
      if (isKnown) found[`${recipe}:${task}`] = [before as string | null, after as string | null];
    }
  }
  return found;
}

function difference(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Difference {
  const found: Record<string, readonly [string | null, string | null]> = {};
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const pair = [before.get(name) ?? null, after.get(name) ?? null] as const;
    if (pair[0] !== pair[1]) found[name] = pair;
  }
  return found;
}
