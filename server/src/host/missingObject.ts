/**
 * Why the object of a task is missing: the objects of it that do exist under other hashes, and what makes its hash another
 * than that of the nearest.
 *
 * Signature data is read beside objects in SSTATE_DIR and on mirrors, and among the stamps. Servers cannot be listed:
 * they are asked for the hashes that stamps and the signature data among them name.
 */
import { join } from 'node:path';
import type { HashedTasks } from '../engine/hashedTasks.ts';
import type { ObjectNames } from '../engine/objectNames.ts';
import type { OwnSignatures } from '../engine/ownSignatures.ts';
import { TaskObjects } from '../engine/taskObjects.ts';
import { compareSignatures, type ExplainedTask } from '../signature/diff.ts';
import type { SignatureData } from '../signature/sigdata.ts';
import { mirrorDirectories } from '../sstate/mirrors.ts';
import { otherObjects } from '../sstate/nearest.ts';
import { taskId } from '../sstate/sceneGraph.ts';
import { nameAt, recipeAt, signatureName } from '../taskgraph/graph.ts';
import { filesBelow, modified } from './listing.ts';
import { MirrorSignatures, type SearchTold } from './mirrorSignatures.ts';
import type { OpenObjects } from './objects.ts';
import { isFile, readSignatureFile, SignatureFiles, stampedHashes } from './signatureFiles.ts';

/** Of so many of the newest objects signature data is read to find the nearest. */
const MOST_READ = 20;

/** What an object is looked for with. */
export interface ObjectSearch {
  readonly tasks: HashedTasks;
  readonly task: number;
  readonly own: OwnSignatures;
  readonly names: ObjectNames;
  readonly objects: OpenObjects;
  /** Whether servers may be asked. */
  readonly servers: boolean;
  readonly told: SearchTold;
  readonly signal: AbortSignal | undefined;
}

export type ObjectState =
  | { readonly kind: 'there'; readonly place: string }
  | { readonly kind: 'unknown'; readonly reason: string }
  | MissingObject;

export interface MissingObject {
  readonly kind: 'missing';
  /** What it would be in SSTATE_DIR. */
  readonly path: string;
  /** How many there are under other hashes. */
  readonly others: number;
  /** The nearest of them, and what differs from it to the wanted one; else in a sentence why there is none. */
  readonly nearest: { readonly place: string; readonly explained: ExplainedTask } | string;
}

/** An object that is there, under another hash. */
interface Candidate {
  readonly hash: string;
  /** Its path, or where a mirror has it. */
  readonly place: string;
  /** What it is, or would be, in SSTATE_DIR. */
  readonly path: string;
  /** Only the hash in its name differs. */
  readonly isSame: boolean;
  /** Milliseconds since 1970. */
  readonly made: number;
  /** Where its signature data is; undefined: it has none on this machine. */
  readonly siginfo: string | undefined;
}

/**
 * @returns undefined where the task has no setscene task, and so no object of its own
 * @throws as `OwnSignatures.data`; the signal's reason when it is aborted
 */
export async function whyMissing(search: ObjectSearch): Promise<ObjectState | undefined> {
  const { tasks, task, own, names, objects: open, servers, told, signal } = search;
  const { graph, hashes } = tasks;
  if (graph.setscene[task] !== 1) return undefined;
  const hash = hashes.unihash(task);
  if (typeof hash !== 'string') return { kind: 'unknown', reason: hash.unknown };
  const objects = new TaskObjects(graph, hashes, names, open.availability);
  const { presences, problems } = await objects.judge([task], { signal, asksServers: servers });
  for (const { severity, message } of problems) told.note(`${severity}: ${message}`);
  const presence = presences[0]!;
  const path = objects.pathOf(task);
  if (presence.kind === 'unknown') return { kind: 'unknown', reason: presence.reason };
  if (path === undefined) return { kind: 'unknown', reason: 'its name cannot be told' };
  if (presence.kind !== 'missing')
    return { kind: 'there', place: presence.kind === 'local' ? presence.path : presence.uri };
  const { directory, mirrors } = open.settings;
  const directories = [directory, ...mirrorDirectories(mirrors)].filter(Boolean);
  const listed = await listedCandidates(directories, path, hash, recipeAt(graph, task).pn, told);
  const candidates = [
    ...listed.map((found) => ({ ...found, path: join(directory, found.name) })),
    ...(await recordedCandidates(search)),
  ];
  const files = new SignatureFiles([...directories, ...open.stamps]);
  const contents = servers ? open.contents : undefined;
  const recorded = new MirrorSignatures(files, contents, names, graph, told, signal);
  const nearest = await nearestOf(candidates, nameAt(graph, task), await own.data(), recorded);
  const others = candidates.length;
  if (!nearest)
    return { kind: 'missing', path, others, nearest: withoutNearest(signatureName(graph, task), candidates) };
  const explained = await own.explain(nearest.data, recorded);
  told.progress(undefined);
  return { kind: 'missing', path, others, nearest: { place: nearest.candidate.place, explained } };
}

/** What lies in directories. */
async function listedCandidates(
  directories: readonly string[],
  wanted: string,
  hash: string,
  pn: string,
  told: SearchTold,
): Promise<(Omit<Candidate, 'path'> & { readonly name: string })[]> {
  const test = otherObjects(wanted, hash, pn);
  if (!test) return [];
  const found = new Map<string, Omit<Candidate, 'path'> & { readonly name: string }>();
  for (const directory of directories) {
    const progress = (count: number) => told.progress(`Looking through ${directory}: ${count} directories`);
    for (const { name, hash: other, isSame } of await filesBelow(directory, test, progress)) {
      const place = join(directory, name);
      const made = modified(place);
      if (made === undefined || found.has(other)) continue;
      const siginfo = `${place}.siginfo`;
      const known = isFile(siginfo) ? siginfo : undefined;
      found.set(other, { name, hash: other, place, isSame, made, siginfo: known });
    }
  }
  told.progress(undefined);
  return [...found.values()];
}

/** What mirrors have of the hashes that stamps, and the signature data among them, name. */
async function recordedCandidates({
  tasks: { graph, hashes },
  task,
  names,
  objects: { availability, stamps },
  servers,
}: ObjectSearch): Promise<Candidate[]> {
  if (stamps.length === 0) return [];
  const recipe = recipeAt(graph, task);
  const taskName = nameAt(graph, task);
  const stamped = stampedHashes(recipe.stamp, taskName);
  const data = new Map(
    new SignatureFiles(stamps).ofTask(recipe.pn, taskName).map(({ hash, path }) => [hash, path]),
  );
  const known = [...new Set([...data.keys(), ...stamped.keys()])].filter(
    (hash) => hash !== hashes.unihash(task),
  );
  const paths = await names.paths(
    known.map((hash) => ({
      tid: taskId(graph, task),
      hashFilename: recipe.hashFilename,
      taskhash: hash,
      unihash: hash,
    })),
  );
  const { presences } = await availability.judge(paths, { asksServers: servers });
  return known.flatMap((hash, at) => {
    const presence = presences[at]!;
    const object = paths[at]!;
    if (presence.kind !== 'mirror' || !('path' in object)) return [];
    const siginfo = data.get(hash);
    const made = Math.max(stamped.get(hash) ?? 0, siginfo === undefined ? 0 : (modified(siginfo) ?? 0));
    return [{ hash, place: presence.uri, path: object.path, isSame: true, made, siginfo }];
  });
}

/** The one that differs in the least; of several the newest. */
async function nearestOf(
  candidates: readonly Candidate[],
  task: string,
  own: SignatureData,
  recorded: MirrorSignatures,
): Promise<{ readonly candidate: Candidate; readonly data: SignatureData } | undefined> {
  const sorted = [...candidates].sort((a, b) => Number(b.isSame) - Number(a.isSame) || b.made - a.made);
  const elsewhere = sorted.filter(({ siginfo }) => siginfo === undefined).slice(0, MOST_READ);
  await recorded.fetch(elsewhere.map(({ path, hash }) => ({ path: `${path}.siginfo`, task, hash })));
  const newest = [...sorted.filter(({ siginfo }) => siginfo !== undefined).slice(0, MOST_READ), ...elsewhere];
  let found: { candidate: Candidate; data: SignatureData; count: number } | undefined;
  for (const candidate of newest) {
    const { siginfo, hash } = candidate;
    const data = siginfo === undefined ? recorded.find(hash) : attempt(() => readSignatureFile(siginfo));
    if (!data) continue;
    const count = compareSignatures(data, own).length;
    if (!found || count < found.count) found = { candidate, data, count };
  }
  return found;
}

function withoutNearest(name: string, candidates: readonly Candidate[]): string {
  const [newest] = [...candidates].sort((a, b) => b.made - a.made);
  if (!newest)
    return `nothing of ${name} is there under another hash (what servers have cannot be listed): it was not built yet, or its objects were removed`;
  return `${candidates.length} objects of ${name} are there under other hashes, none with signature data (.siginfo) beside it that can be read; the newest is ${newest.place}`;
}

function attempt<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch {
    return undefined;
  }
}
