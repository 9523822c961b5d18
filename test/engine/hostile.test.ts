/**
 * A hostile layer, through real evaluator processes: each attempt gives one diagnostic, at its place; the host is as
 * it was; every other recipe has the hashes it had.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvaluatorStopped } from '../../server/src/engine/protocol.ts';
import type { RecipeEvaluation } from '../../server/src/engine/results.ts';
import type { Workspace } from '../../server/src/engine/workspace.ts';
import { materialise, parseScenario } from '../harness/fixture.ts';
import { openWorkspace } from '../harness/processes.ts';
import { type Attempt, ATTEMPTS } from './hostileLayer.ts';

/** What the attempts would do differently if anything of them was left behind. */
const HEALTHY = `
-- layer/recipes/healthy_1.0.bb --
NAME = "\${@os.path.dirname(str(d.getVar('FILE')))[-7:]}"
LISTED = "\${@bb.utils.contains('WORDS', 'a', 'yes', 'no', d)} \${@bb.utils.contains_any('WORDS', ['a'], 'yes', 'no', d)}"
FILTERED = "\${@bb.utils.filter('WORDS', 'a', d)}\${@len(d.getVar('WORDS').split())}"
WORDS = "a b"

python () {
    import gc
    d.setVar('SEEN', '%s %s' % (type(d.getVar('PN')).__name__, gc.isenabled()))
}

do_compile() {
    echo \${NAME} \${LISTED} \${FILTERED} \${SEEN} \${PN} \${PV}
}
-- layer/recipes/neighbour_2.0.bb --
inherit shared

do_install() {
    echo \${GREETING}
}
-- layer/classes/shared.bbclass --
GREETING = "\${@greeting(d)}"

def greeting(d):
    return 'from ' + d.getVar('PN')
`;
const OTHERS = ['healthy_1.0', 'neighbour_2.0'];
/** Shorter than those of the command, as some thirty attempts go on until then. */
const LIMITS = { pythonMilliseconds: 1_200, stuckMilliseconds: 2_400 };

interface Diagnostic {
  readonly path: string;
  /** Counts from 1; undefined: all of the file. */
  readonly line: number | undefined;
  readonly message: string;
}

let place: string;
let layer: string;
let outside: string;
let workspace: Workspace;
let clean: string[][];
/** Attempt -> the line that its diagnostic has to name. */
const marks = new Map<string, { readonly path: string; readonly line: number }>();

beforeAll(async () => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-hostile-')));
  outside = join(place, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'hush');
  writeFileSync(join(outside, 'secret.inc'), 'SECRET = "hush"\n');
  const { root, buildDir } = materialise(parseScenario('hostile', HEALTHY), join(place, 'workspace'));
  layer = join(root, 'layer');
  for (const [name, { recipe, files, links }] of Object.entries(ATTEMPTS)) {
    for (const [path, text] of Object.entries({ [`recipes/${name}_1.0.bb`]: recipe, ...files })) {
      const plain = filled(text);
      const mark = plain.indexOf('⟦⟧');
      if (mark >= 0) {
        marks.set(name, { path: join(layer, path), line: plain.slice(0, mark).split('\n').length });
      }
      mkdirSync(dirname(join(layer, path)), { recursive: true });
      writeFileSync(join(layer, path), plain.replace('⟦⟧', ''));
    }
    for (const [path, target] of Object.entries(links ?? {})) symlinkSync(filled(target), join(layer, path));
  }
  before = snapshot();
  workspace = await openWorkspace(buildDir, 1, LIMITS);
  expect((await workspace.summary()).problems).toEqual([]);
  clean = await Promise.all(OTHERS.map((name) => hashesOf(name)));
  expect(clean.flat().every((hash) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
}, 60_000);

afterAll(() => {
  workspace.dispose();
  rmSync(place, { recursive: true, force: true });
});

let before: Record<string, string>;

/** Everything on disk that an attempt might have changed. */
function snapshot(): Record<string, string> {
  const entries = readdirSync(place, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const names = entries.map((entry) => join(entry.parentPath, entry.name));
  return {
    ...Object.fromEntries(names.map((path) => [path, ''])),
    ...Object.fromEntries(files.map((path) => [path, readFileSync(path, 'latin1')])),
  };
}

function filled(text: string): string {
  return text.replaceAll('@OUTSIDE@', outside).replaceAll('@LAYER@', layer);
}

function recipe(name: string): string {
  return join(layer, `recipes/${name}.bb`);
}

async function hashesOf(name: string): Promise<string[]> {
  return hashes(await workspace.evaluate(recipe(name)));
}

/** @param only of this task */
function hashes({ variants }: RecipeEvaluation, only?: string): string[] {
  return variants.flatMap(({ tasks }) =>
    tasks
      .filter(({ task }) => only === undefined || task === only)
      .map(({ basehash }) => (typeof basehash === 'string' ? basehash : 'unknown')),
  );
}

/** What is told of an attempt, and its hashes; `stopped` where the process had to be. */
async function attempt(
  name: string,
  reaches?: string,
): Promise<{ told: Diagnostic[]; hashes: string[] | 'stopped' }> {
  const path = recipe(`${name}_1.0`);
  try {
    const evaluation = await workspace.evaluate(path);
    const told = evaluation.problems.map(({ path, range, message }) => {
      return { path, line: range && range.start.line + 1, message };
    });
    return { told, hashes: hashes(evaluation, reaches) };
  } catch (error) {
    if (!(error instanceof EvaluatorStopped)) throw error;
    const { message, where } = error;
    return { told: [{ path: where?.path ?? path, line: where?.line, message }], hashes: 'stopped' };
  }
}

describe('a hostile layer', () => {
  it.each(Object.entries(ATTEMPTS))(
    '%s',
    async (name, { says, harmless, reaches, stopped }: Attempt) => {
      const { told, hashes } = await attempt(name, reaches);
      const mark = marks.get(name);
      expect(told).toEqual([
        {
          path: mark?.path ?? recipe(`${name}_1.0`),
          line: mark ? mark.line : (told[0]?.line as unknown),
          message: expect.stringMatching(new RegExp(filled(says.source), says.flags)) as unknown,
        },
      ]);
      // Nothing of a file that may not be read is in what is told.
      expect(told[0]!.message).not.toContain('hush');
      if (stopped) expect(hashes).toBe('stopped');
      else
        expect([...new Set(hashes as string[])].some((hash) => hash !== 'unknown')).toBe(harmless === true);
      for (const [index, other] of OTHERS.entries()) expect(await hashesOf(other)).toEqual(clean[index]);
    },
    30_000,
  );

  it('leaves the host as it was', () => {
    expect(snapshot()).toEqual(before);
  });

  it('leaves every attempt with the outcome it had, whichever came before', async () => {
    const harmless = Object.entries(ATTEMPTS).filter(([, attempt]) => attempt.harmless);
    for (const [name] of harmless) {
      const again = await attempt(name);
      expect(again).toEqual(await attempt(name));
      expect(again.hashes).not.toContain('unknown');
    }
  });
});
