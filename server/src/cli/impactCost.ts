/** What a change costs: which sstate objects of the base state are there now and would no longer be looked for. */
import { ObjectNames } from '../engine/objectNames.ts';
import { equivalenceOf, taskhashSources } from '../engine/taskhashes.ts';
import type { ReviewSide } from '../ide/review.ts';
import { abandoned, type Presence } from '../ide/impact.ts';
import type { HashedGraphSide, TaskImpact } from '../ide/impactTasks.ts';
import { releaseOf } from '../metadata/release.ts';
import { Availability } from '../sstate/availability.ts';
import { nameAt, recipeAt } from '../taskgraph/graph.ts';
import { SSTATE_VARIABLES, sstateSettings } from '../sstate/settings.ts';
import { HostObjects } from '../host/localObjects.ts';
import { HttpMirrors } from '../host/mirrorClient.ts';
import type { Output } from './output.ts';

/**
 * Looks for the objects, in SSTATE_DIR and in mirrors that are directories; where `asksServers`, on servers, too. They
 * are looked for by taskhash: where hash equivalence may have given one another name, it is not known to be missing.
 * @returns by task of the base state; undefined where the configuration has no SSTATE_DIR
 */
export async function objectPresences(
  { workspace, files }: ReviewSide,
  base: HashedGraphSide,
  tasks: readonly TaskImpact[],
  asksServers: boolean,
  output: Output,
): Promise<ReadonlyMap<number, Presence> | undefined> {
  const { names, prefixes } = SSTATE_VARIABLES;
  const [plain] = await workspace.configurationValues(names, prefixes);
  const settings = sstateSettings((name) => plain?.values[name], process.env);
  if (settings.directory === '') return undefined;
  const summary = await workspace.summary();
  const { bitbakeVersion } = summary;
  const { handler } = (await taskhashSources(workspace, summary, files)).settings;
  const hasEquivalence = (await equivalenceOf(workspace, summary, files.files, handler)) !== undefined;
  if (hasEquivalence)
    output.note(
      'warning: hash equivalence is on, and objects that are equal to others have their names: of objects that are not there under their taskhash it cannot be told whether they are; sstate-lens sstate TARGET asks hash equivalence',
    );
  const sought = abandoned(base, tasks);
  const known = sought.flatMap((task) => {
    const [taskhash, unihash] = [base.hashes.taskhash(task), base.hashes.unihash(task)];
    if (typeof taskhash !== 'string' || typeof unihash !== 'string') return [];
    const { mcfn, hashFilename } = recipeAt(base.graph, task);
    return [
      { task, object: { tid: `${mcfn}:${nameAt(base.graph, task)}`, hashFilename, taskhash, unihash } },
    ];
  });
  output.progress(`Looking for ${known.length} sstate objects…`);
  const servers = asksServers ? new HttpMirrors(settings, bitbakeVersion) : undefined;
  try {
    const paths = await new ObjectNames(workspace).paths(known.map(({ object }) => object));
    const availability = new Availability(settings, releaseOf(bitbakeVersion).mirrors, {
      local: new HostObjects(),
      servers,
      now: () => performance.now(),
    });
    const { presences, problems } = await availability.judge(paths);
    output.progress(undefined);
    for (const { severity, message } of problems)
      if (severity !== 'information') output.note(`${severity}: ${message}`);
    const found = new Map<number, Presence>(sought.map((task) => [task, 'unknown']));
    for (const [at, { task }] of known.entries()) {
      const { kind } = presences[at]!;
      found.set(task, hasEquivalence && kind === 'missing' ? 'unknown' : kind);
    }
    return found;
  } finally {
    await servers?.close();
  }
}
