/**
 * Edits of assignments: where nobody but who hashes has asked for a variable, hashes are made again of what was kept;
 * where anybody has, recipes are evaluated. Either way they are those of a fresh evaluation.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Edit, EditedSample, hashesOf, LAYER, replaced } from '../harness/editedSample.ts';
import { checkoutFiles, openCheckout } from '../harness/engine.ts';
import { openWorkspace } from '../harness/workspace.ts';

const INFO = `${LAYER}/classes/buildinfo.bbclass`;
const INC = `${LAYER}/recipes-sample/hello/hello.inc`;
const HELLO = `${LAYER}/recipes-sample/hello/hello_1.0.bb`;
const LIBGREET = `${LAYER}/recipes-sample/libgreet/libgreet_2.1.bb`;
const IMAGE = `${LAYER}/recipes-sample/greet-image/greet-image.bb`;

const LAID = new Map([
  [
    INC,
    `${readFileSync(INC, 'utf8')}
OPTIONS = "--first"
TOOL = "true"
SET_TWICE = "by the include"
`,
  ],
  [
    HELLO,
    `${readFileSync(HELLO, 'utf8')}
OPTIONS += "--with-motd"
OPTIONS:append = " --always"
OPTIONS:append:sampleboard = " --board"
SET_TWICE = "by the recipe"
NOTE = "one"
NOTE[hashed] = "by itself"
BOTH = "\${NOTE} and \${AUDIENCE}"
DEEP = "deep"
SHALLOW = "\${DEEP}"
PARTLY = "\${LEFT_OUT}"
PARTLY[vardepsexclude] = "LEFT_OUT"
LESS = "a b c"
LESS:remove = "b"
TAKEN = "b"
LESS2 = "\${TAKEN} c"
LESS2:remove = "b"
IN_PYTHON = "\${@'\${NOTE_IN_PYTHON}'.upper()}"
NOTE_IN_PYTHON = "text"
QUOTED = "\${NOT_THERE}"
ASKED = "who asks"
python () {
    d.setVar('ANSWER', d.getVar('ASKED') + (d.getVar('NEVER_SET') or ''))
}
configured() {
    \${TOOL} \${OPTIONS}
    frobnicate \${SHALLOW}
    \${PARTLY}
}
do_configure[prefuncs] += "configured"
do_install[vardeps] += "NOTE BOTH LESS LESS2 IN_PYTHON QUOTED ANSWER SET_TWICE"
`,
  ],
  [
    LIBGREET,
    `${readFileSync(LIBGREET, 'utf8')}
REMARK = "the library's"
do_install[vardeps] += "REMARK"
`,
  ],
  [
    IMAGE,
    `${readFileSync(IMAGE, 'utf8')}
python () {
    d.setVar('ALL_OF_THEM', ' '.join(sorted(name for name in d.keys() if name.startswith('IMAGE_'))))
    d.setVarFilter('FILTERED', 'val.lower()') if hasattr(d, 'setVarFilter') else None
}
IMAGE_REMARK = "seen by whoever lists variables"
do_rootfs[vardeps] += "IMAGE_REMARK"
`,
  ],
]);

const added =
  (...lines: string[]) =>
  (text: string) =>
    `${text}\n${lines.join('\n')}\n`;

const EDITS: readonly Edit[] = [
  {
    name: 'a variable that a task names',
    path: HELLO,
    change: replaced('NOTE = "one"', 'NOTE = "another"'),
    evaluated: [],
    changes: ['hello:do_install', 'hello-native:do_install'],
  },
  {
    name: 'a variable without an effect, nor anybody who asks for it',
    path: INC,
    change: replaced('"Says hello"', '"Says hello, and no more"'),
    evaluated: [],
    changes: [],
  },
  {
    name: 'a variable that is set again later',
    path: INC,
    change: replaced('"by the include"', '"by the include, in vain"'),
    evaluated: [],
    changes: [],
  },
  {
    name: 'a variable that was set before',
    path: HELLO,
    change: replaced('SET_TWICE = "by the recipe"', 'SET_TWICE += "and by the recipe"'),
    evaluated: [],
    changes: ['hello:do_install'],
  },
  {
    name: 'what is added to a variable of an include, with more behind it',
    path: HELLO,
    change: replaced('OPTIONS += "--with-motd"', 'OPTIONS =+ "--with-motd --quiet"'),
    evaluated: [],
    changes: ['hello:do_configure'],
  },
  {
    name: 'what an include assigns, to which a recipe adds',
    path: INC,
    change: replaced('"--first"', '"--second"'),
    evaluated: [],
    changes: ['hello:do_configure', 'hello-native:do_configure'],
  },
  {
    name: 'an assignment that stands behind the statement that reads what is set otherwise',
    path: HELLO,
    change: (text) => `SET_TWICE = "before"\n${replaced('SET_TWICE = "by the recipe"\n', '')(text)}`,
    evaluated: [],
    changes: ['hello:do_install'],
  },
  {
    name: 'a command that a shell function runs by a variable',
    path: INC,
    change: replaced('TOOL = "true"', 'TOOL = "write_motd"'),
    evaluated: [],
    changes: ['hello:do_configure'],
  },
  {
    name: 'a function that was not hashed before, and runs by a variable',
    path: INC,
    change: replaced('TOOL = "true"', 'TOOL = "oe_runmake"'),
    evaluated: ['hello'],
    changes: ['hello:do_configure'],
  },
  {
    name: 'a command that no function is',
    path: INC,
    change: replaced('TOOL = "true"', 'TOOL = "false; echo"'),
    evaluated: [],
    changes: ['hello:do_configure'],
  },
  {
    name: 'a flag that is hashed by itself',
    path: HELLO,
    change: replaced('"by itself"', '"by itself, otherwise"'),
    evaluated: [],
    changes: ['hello:do_install'],
  },
  {
    name: 'a text around what it names',
    path: HELLO,
    change: replaced('"${NOTE} and ${AUDIENCE}"', '"${NOTE} or ${AUDIENCE}"'),
    evaluated: [],
    changes: ['hello:do_install'],
  },
  {
    name: 'a new variable that a task names',
    path: LIBGREET,
    change: added('FRESH = "new"', 'do_compile[vardeps] += "FRESH"'),
    evaluated: [],
    changes: ['libgreet:do_compile', 'libgreet-native:do_compile'],
  },
  {
    name: 'a new variable that nobody names',
    path: LIBGREET,
    change: added('FRESH = "new"'),
    evaluated: [],
    changes: [],
  },
  {
    name: 'a new variable made of parts, which names others',
    path: LIBGREET,
    change: added('FRESH += "${PV}"', 'FRESH .= "!"', 'do_compile[vardeps] += "FRESH"'),
    evaluated: [],
    changes: ['libgreet:do_compile'],
  },
  {
    name: 'a variable that a task names besides',
    path: LIBGREET,
    change: added('do_compile[vardeps] += "REMARK"'),
    evaluated: [],
    changes: ['libgreet:do_compile'],
  },
  {
    name: 'a variable on which a task does not depend any more',
    path: LIBGREET,
    change: added('do_install[vardepsexclude] += "REMARK"'),
    evaluated: [],
    changes: ['libgreet:do_install'],
  },
  {
    name: 'a variable of a class, for all that inherit it',
    path: INFO,
    change: replaced('"${sysconfdir}/buildinfo-${PN}"', '"${sysconfdir}/build-${PN}"'),
    evaluated: [],
    changes: ['hello:do_buildinfo', 'greet-image:do_buildinfo'],
  },
  {
    name: 'a variable and a function',
    path: HELLO,
    change: (text) =>
      replaced('    echo "${MOTD}"', '    printf "${MOTD}"')(replaced('"one"', '"two"')(text)),
    evaluated: [],
    changes: ['hello:do_install'],
  },
  {
    name: 'a variable that Python asks for',
    path: HELLO,
    change: replaced('ASKED = "who asks"', 'ASKED = "who knows"'),
    evaluated: ['hello'],
    changes: ['hello:do_install'],
  },
  {
    name: 'a new variable that Python asked for in vain',
    path: HELLO,
    change: added('NEVER_SET = "set"'),
    evaluated: ['hello'],
    changes: ['hello:do_install'],
  },
  {
    name: 'a new variable of the name of a command',
    path: HELLO,
    change: added('frobnicate = "x"'),
    evaluated: ['hello'],
    changes: ['hello:do_configure'],
  },
  {
    name: 'a new variable of a name that Python set',
    path: HELLO,
    change: added('ANSWER = "x"'),
    evaluated: ['hello'],
    changes: [],
  },
  {
    name: 'a new variable that was named in vain',
    path: HELLO,
    change: added('NOT_THERE = "there"'),
    evaluated: ['hello'],
    changes: ['hello:do_install'],
  },
  {
    name: 'a new variable that is missing where no task depends on it',
    path: HELLO,
    change: added('LEFT_OUT = "frobnicate; write_motd"'),
    evaluated: ['hello'],
    changes: ['hello:do_configure'],
  },
  {
    name: 'a new variable of a name that none may have any more',
    path: HELLO,
    change: added('BB_HASHBASE_WHITELIST = "x"'),
    evaluated: ['hello'],
  },
  {
    name: 'a flag of a command, which makes it a variable',
    path: HELLO,
    change: added('frobnicate[vardeps] = "PN"'),
    evaluated: ['hello'],
    changes: ['hello:do_configure'],
  },
  {
    name: 'a new assignment to a variable of the configuration',
    path: LIBGREET,
    change: added('MACHINE_FEATURES = "none"', 'do_compile[vardeps] += "MACHINE_FEATURES"'),
    evaluated: ['libgreet'],
    changes: ['libgreet:do_compile'],
  },
  {
    name: 'a variable that a function has by way of another',
    path: HELLO,
    change: replaced('DEEP = "deep"', 'DEEP = "deep; write_motd"'),
    evaluated: ['hello'],
    changes: ['hello:do_configure'],
  },
  {
    name: 'a variable that loses words',
    path: HELLO,
    change: replaced('LESS = "a b c"', 'LESS = "a c"'),
    evaluated: ['hello'],
    changes: ['hello:do_install'],
  },
  {
    name: 'a variable in one that loses words',
    path: HELLO,
    change: replaced('TAKEN = "b"', 'TAKEN = "d"'),
    evaluated: ['hello'],
    changes: ['hello:do_install'],
  },
  {
    name: 'a variable in inline Python',
    path: HELLO,
    change: replaced('NOTE_IN_PYTHON = "text"', `NOTE_IN_PYTHON = "x' + d.getVar('PV') + 'y"`),
    evaluated: ['hello'],
    changes: ['hello:do_install'],
  },
  {
    name: 'a variable that names another besides',
    path: HELLO,
    change: replaced('NOTE = "one"', 'NOTE = "one of ${PN}"'),
    evaluated: ['hello'],
    changes: ['hello:do_install'],
  },
  {
    name: 'a variable that is expanded at once',
    path: HELLO,
    change: replaced('NOTE = "one"', 'NOTE := "one"'),
    evaluated: ['hello'],
    changes: [],
  },
  {
    name: 'a variable that is not set any more',
    path: LIBGREET,
    change: replaced('REMARK = "the library\'s"\n', ''),
    evaluated: ['libgreet'],
    changes: ['libgreet:do_install'],
  },
  {
    name: 'a task that names a variable no more',
    path: LIBGREET,
    change: replaced('do_install[vardeps] += "REMARK"', 'do_install[vardeps] += ""'),
    evaluated: ['libgreet'],
    changes: ['libgreet:do_install'],
  },
  {
    name: 'what a recipe depends on',
    path: HELLO,
    change: replaced('DEPENDS = "libgreet"', 'DEPENDS = "libgreet greet-image"'),
    evaluated: ['hello'],
  },
  {
    name: 'a variable where somebody lists all there are',
    path: IMAGE,
    change: added('IMAGE_NEW = "x"'),
    evaluated: ['greet-image'],
  },
];

/** What the image's Python makes of a list of all variables, and whether another one, IMAGE_NEW, can make a difference. */
const LISTINGS: readonly (readonly [string, string, boolean])[] = [
  ['a comprehension with a condition', "x = [k for k in d.keys() if k.startswith('FEATURE_')]", false],
  ['a generator', "x = list(k for k in d if k.startswith('FEATURE_') and d.getVar(k))", false],
  ['a loop', "x = []\n    for k in d:\n        if k.startswith('FEATURE_'):\n            x.append(k)", false],
  ['a loop in a function', 'x = features(d)', false],
  ['a loop with a condition that it meets', "x = [k for k in d.keys() if k.startswith('IMAGE_')]", true],
  ['a loop with two conditions', "x = [k for k in d.keys() if k.startswith('F') or k.endswith('NEW')]", true],
  [
    'a loop with an else',
    "x = []\n    for k in d:\n        if k.startswith('FEATURE_'):\n            x.append(k)\n        else:\n            x.append('other')",
    true,
  ],
  [
    'a loop that does more',
    "x = []\n    for k in d:\n        if k.startswith('FEATURE_'):\n            x.append(k)\n        x.append('more')",
    true,
  ],
  [
    'what is left of a loop',
    "for k in sorted(d):\n        if k.startswith('FEATURE_'):\n            break\n    x = [k]",
    true,
  ],
  [
    'the last name of a loop',
    "for k in d:\n        if k.startswith('FEATURE_'):\n            pass\n    x = [k]",
    true,
  ],
  [
    'the last name of a loop in another function',
    "global k\n    for k in d:\n        if k.startswith('FEATURE_'):\n            pass\n    x = [left()]",
    true,
  ],
  ['a list of its own', "x = [k for k in list(d) if k.startswith('FEATURE_')]", true],
  ['their number', "x = [k for k in d.keys() if k.startswith('FEATURE_')] + [str(len(d))]", true],
];

describe('after a variable was added where Python lists all there are', () => {
  it.each(LISTINGS)('by %s', async (_, code, decides) => {
    const image = `${readFileSync(IMAGE, 'utf8')}
FEATURE_A = "a"
def features(d):
    found = []
    for name in d:
        if name.startswith('FEATURE_'):
            found.append(name)
    return found
def left():
    return k
python () {
    ${code}
    d.setVar('LISTED', ' '.join(sorted(x)))
}
do_rootfs[vardeps] += "LISTED"
`;
    const sample = await EditedSample.open('wrynose', new Map([[IMAGE, image]]));
    const { hashes } = await sample.all();
    await sample.check(hashes, {
      name: code,
      path: IMAGE,
      change: added('IMAGE_NEW = "x"'),
      evaluated: decides ? ['greet-image'] : [],
      configuration: false,
    });
  });
});

describe.each(['wrynose', 'scarthgap', 'kirkstone'])('after an edit of an assignment, in %s', (release) => {
  it('hashes are made again without any evaluation', async () => {
    const sample = await EditedSample.open(release, LAID);
    const { hashes } = await sample.all();
    for (const edit of EDITS.filter(({ evaluated }) => evaluated.length === 0)) {
      await sample.check(hashes, edit).catch((error: unknown) => {
        throw new Error(
          `${edit.name}: ${String(error)} ${JSON.stringify([...sample.open.workspace.kept!.outcomes])}`,
        );
      });
    }
    expect(await sample.all()).toEqual({ hashes, evaluated: [] });
  }, 600_000);

  it.each(EDITS.filter(({ evaluated }) => evaluated.length > 0))(
    'recipes are evaluated: $name',
    async (edit) => {
      const sample = await EditedSample.open(release, LAID);
      await sample.check((await sample.all()).hashes, { configuration: false, ...edit });
    },
    120_000,
  );
});

/** Edits of a recipe with a year of the clock. */
const OF_THE_CLOCK: readonly (readonly [
  what: string,
  change: (text: string) => string,
  changes: string[],
])[] = [
  [
    'becomes one at once',
    replaced('NOTE = "one"', 'NOTE := "${@time.strftime(\'one\')}"'),
    ['hello:do_install'],
  ],
  ['names one', replaced('NOTE = "one"', 'NOTE = "${YEAR}"'), ['hello:do_install']],
  ['names one behind what it names', replaced('DEEP = "deep"', 'DEEP = "${YEAR}"'), ['hello:do_configure']],
  ['gets one behind it', added('NOTE:append = "${YEAR}"'), ['hello:do_install']],
  ['has a flag that names one', replaced('"by itself"', '"${YEAR}"'), ['hello:do_install']],
  ['has a value that counts and names one', added('DEEP[vardepvalue] = "${YEAR}"'), ['hello:do_configure']],
];

describe.each([
  ['that no hash reaches', ''],
  ['that a hash reaches', 'do_compile[vardeps] += "YEAR"'],
])('a variable beside a value of the clock %s', (_, reached) => {
  it.each(OF_THE_CLOCK)('%s', async (name, change, changes) => {
    const hello = `${LAID.get(HELLO)!}\nYEAR := "\${@time.strftime('%Y')}"\n${reached}\n`;
    const sample = await EditedSample.open('wrynose', new Map([...LAID, [HELLO, hello]]));
    const { hashes } = await sample.all();
    await sample.check(hashes, {
      name,
      path: HELLO,
      change,
      evaluated: ['hello'],
      configuration: false,
      changes,
    });
  });
});

/** The build directory of a checkout of OE-Core. */
const OE_CORE = process.env.SSTATE_LENS_OE_CORE;
/** Of how many recipes one is edited, and how often. */
const STEP = 30;
const ROUNDS = 4;
const VALUES = [
  'x y z',
  '${PN} x',
  '--with-foo --without-bar',
  '',
  "${@'q'}",
  'abc ${NOT_THERE}',
  'frobnicate; ls',
  '${S}/x',
];
const TASKS = ['do_fetch', 'do_configure', 'do_compile', 'do_install', 'do_package'];
const VARIABLES = ['EXTRA_OECONF', 'EXTRA_OEMAKE', 'CFLAGS', 'SUMMARY', 'LDFLAGS', 'INSANE_SKIP', 'S', 'NEW'];

/** Some assignment of a recipe edited, or another added. */
function edited(text: string, random: (below: number) => number): string {
  const pick = (list: readonly string[]) => list[random(list.length)]!;
  const lines = text.split('\n');
  const assignments = [...lines.keys()].filter((at) => /^[A-Z]\w+\S* [?+.=]*= ".*"$/.test(lines[at]!));
  const chosen = assignments[random(assignments.length)];
  switch (random(4)) {
    case 0:
      return [...lines, `NEW = "${pick(VALUES)}"`, `${pick(TASKS)}[vardeps] += "NEW"`].join('\n');
    case 1:
      return [...lines, `${pick(TASKS)}[vardepsexclude] += "${pick(VARIABLES)}"`].join('\n');
    case 2:
      lines.splice(random(lines.length), 0, `${pick(VARIABLES)} ${pick(['=', '+='])} "${pick(VALUES)}"`);
      return lines.join('\n');
    default:
      if (chosen === undefined) return text;
      lines[chosen] = lines[chosen]!.replace(/"$/, () => ` ${pick(VALUES)}"`);
      return lines.join('\n');
  }
}

describe.skipIf(OE_CORE === undefined)('after random edits of OE-Core (SSTATE_LENS_OE_CORE)', () => {
  it('hashes that are made again are those of a fresh evaluation', { timeout: 1_800_000 }, async () => {
    const buildDir = `${OE_CORE}/build`;
    const files = () => checkoutFiles(buildDir);
    const { workspace } = openWorkspace(files, (files) => openCheckout(buildDir, files));
    const { recipes } = await workspace.summary();
    const chosen = recipes.map(({ path }) => path).filter((_, at) => at % STEP === 7);
    await workspace.evaluateAll(chosen, () => undefined, true, true);
    const laid = files();
    const fresh = await openCheckout(buildDir, laid);
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    let count = 0;
    for (const path of Array.from({ length: ROUNDS }, () => chosen).flat()) {
      const text = edited(readFileSync(path, 'utf8'), random);
      workspace.setOverlay(path, text);
      const made = await workspace.made(path);
      if (made) {
        count++;
        laid.setOverlay(path, text);
        fresh.outdate([], [path]);
        const evaluated = fresh.evaluate(path, { hashesOnly: true, recipeInfo: true });
        expect([text, hashesOf([made])]).toEqual([text, hashesOf([evaluated])]);
        laid.setOverlay(path, undefined);
        fresh.outdate([], [path]);
      }
      workspace.setOverlay(path, undefined);
    }
    expect(count).toBeGreaterThan(chosen.length / 2);
  });
});
