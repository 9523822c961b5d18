/**
 * Records what real BitBake says to the files of cases.txt, in recorded.json.
 *
 * Usage: node test/syntax/record.mjs VERSION=BITBAKE_DIRECTORY...   (2.0=… 2.8=… and so on)
 *
 * Answers that several versions share are written once.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { format, resolveConfig } from 'prettier';

const here = import.meta.dirname;
const [{ text: code }] = buildSync({
  entryPoints: [join(here, 'cases.ts')],
  format: 'esm',
  write: false,
}).outputFiles;
const { casesOf } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

const cases = casesOf(readFileSync(join(here, 'cases.txt'), 'utf8'));
const input = cases.map(({ path, text }) => `${JSON.stringify({ path, text })}\n`).join('');
const recorded = Object.fromEntries(cases.map(({ path }) => [path, []]));

for (const argument of process.argv.slice(2)) {
  const [version, directory] = argument.split('=');
  const { stdout, status } = spawnSync('python3', [join(here, 'bitbake_statements.py'), directory], {
    input,
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`BitBake ${version} could not be asked`);
  const answers = stdout.trimEnd().split('\n');
  cases.forEach(({ path }, index) => {
    const answer = JSON.parse(answers[index]);
    // Where a line is refused is ours to compare; in which words is BitBake's.
    answer.refused &&= { type: answer.refused.type, lineno: answer.refused.lineno };
    const same = recorded[path].find(
      ({ versions: _, ...other }) => JSON.stringify(other) === JSON.stringify(answer),
    );
    if (same) same.versions.push(version);
    else recorded[path].push({ versions: [version], ...answer });
  });
}
const target = join(here, 'recorded.json');
const style = { ...(await resolveConfig(target)), parser: 'json' };
writeFileSync(target, await format(JSON.stringify(recorded), style));
