/** Reports for the tests of formats: one of a class change that reaches very much, and one that means harm. */
import type {
  ImpactReport,
  ReportedCause,
  ReportedRecipe,
  ReportedTask,
} from '../../server/src/cli/impactReport.ts';
import type { BitBakeHash } from '../../server/src/signature/signatures.ts';

const hash = (digit: string) => digit.repeat(64) as BitBakeHash;

export function cause(changes: Partial<ReportedCause> = {}): ReportedCause {
  return {
    kind: 'statement',
    repository: 'openembedded-core',
    path: 'meta/classes-global/base.bbclass',
    side: 'head',
    lines: [123, 125],
    subject: 'do_unpack',
    action: 'edited',
    basehashes: { tasks: 1_900, recipes: 950 },
    taskhashes: { tasks: 20_114, recipes: 1_913 },
    sstate: { lost: 2_700, local: 2_600, unknown: 0 },
    examples: ['acl:do_unpack', 'acl-native:do_unpack', 'acpica:do_unpack'],
    ...changes,
  };
}

function task(name: string): ReportedTask {
  return { task: name, status: 'changed', before: hash('a'), after: hash('b'), causes: [0] };
}

export function recipe(name: string, own: readonly string[], reached: number): ReportedRecipe {
  return {
    recipe: name,
    variant: '',
    repository: 'openembedded-core',
    path: `meta/recipes-core/${name}/${name}_1.0.bb`,
    was: null,
    status: 'changed',
    basehashes: own.map(task),
    taskhashes: Array.from({ length: reached }, (_, at) => task(`do_task_${at}`)),
  };
}

export function report(changes: Partial<ImpactReport['results'][number]> = {}): ImpactReport {
  const recipes = Array.from({ length: 1_913 }, (_, at) =>
    recipe(`recipe-${at}`, ['do_unpack'], 10 + (at % 2)),
  );
  return {
    format: 'sstate-lens-impact',
    version: 1,
    repositories: [
      {
        repository: 'openembedded-core',
        base: {
          commit: '0123456789abcdef0123456789abcdef01234567',
          name: 'where HEAD parted from origin/main',
        },
        head: null,
        patches: [],
        submodules: [],
      },
    ],
    results: [
      {
        machine: 'qemux86-64',
        distro: 'nodistro',
        targets: ['universe'],
        complete: true,
        problems: [],
        basehashes: { changed: 1_900, added: 0, removed: 0, unknown: 0, recipes: 950, total: 73_852 },
        taskhashes: { changed: 20_114, added: 2, removed: 1, unknown: 0, recipes: 1_913, total: 35_242 },
        sstate: { lost: 2_700, local: 2_600, unknown: 0 },
        causes: [cause()],
        recipes,
        ...changes,
      },
    ],
  };
}

export const HARM =
  '<script>alert(1)</script> | @everyone ![x](https://evil.example/) `\u202e\u001b[2J\n# head';

/** Everything that a workspace can name has something in it that means another thing in some format. */
export function harmfulReport(): ImpactReport {
  return {
    ...report({
      machine: HARM,
      targets: [HARM],
      problems: [HARM],
      complete: false,
      causes: [
        cause({ path: `meta/${HARM}.bb`, subject: HARM, action: `renamed from ${HARM}`, examples: [HARM] }),
      ],
      recipes: [recipe(HARM, [HARM], 1)],
    }),
    repositories: [
      {
        repository: HARM,
        base: { commit: '0'.repeat(40), name: HARM },
        head: null,
        patches: [HARM],
        submodules: [HARM],
      },
    ],
  };
}
