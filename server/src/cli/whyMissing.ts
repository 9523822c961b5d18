/**
 * `sstate-lens sstate TASK --why-missing`: the objects of a task that do exist under other hashes, and what makes its
 * hash another than that of the nearest, down to the variable and its line.
 *
 * Signature data is read beside objects in SSTATE_DIR and on mirrors, and among the stamps. Servers cannot be listed:
 * they are asked for the hashes that stamps and the signature data among them name.
 */
import { join } from 'node:path';
import { ObjectNames } from '../engine/objectNames.ts';
import { TaskObjects } from '../engine/taskObjects.ts';
import { nameAt, recipeAt, signatureName } from '../taskgraph/graph.ts';
import { HostFiles } from '../host/files.ts';
import { filesBelow, modified } from '../host/listing.ts';
import { isFile, readSignatureFile, SignatureFiles, stampedHashes } from '../host/signatureFiles.ts';
import { compareSignatures } from '../signature/diff.ts';
import type { SignatureData } from '../signature/sigdata.ts';
import { mirrorDirectories } from '../sstate/mirrors.ts';
import { otherObjects } from '../sstate/nearest.ts';
import { taskId } from '../sstate/sceneGraph.ts';
import { reportDifference } from './explain.ts';
import { MirrorSignatures } from './mirrorSignatures.ts';
import { type OpenObjects, openObjects } from './objects.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { OwnSignatures } from './ownSignatures.ts';
import type { Session } from './session.ts';
import { hashTasks, type HashedTasks, hashText } from './taskhashes.ts';

export interface WhyMissingOptions {
  readonly offline?: boolean;
  readonly format: 'text' | 'json';
}

/** Of so many of the newest objects signature data is read to find the nearest. */
const MOST_READ = 20;

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

/** @param target `zlib:do_package` */
export async function whyMissing(
  target: string,
  options: WhyMissingOptions,
  session: Session,
  output: Output,
): Promise<ExitCode> {
  const equivalence = options.offline ? 'local' : 'servers';
  const tasks = await hashTasks([target], session, output, { equivalence });
  const { graph, hashes } = tasks;
  const [task] = graph.targets;
  if (task === undefined) return EXIT.bad;
  const name = signatureName(graph, task);
  if (graph.setscene[task] !== 1) {
    throw new CommandError(
      `${name} has no setscene task, and so no object of its own: name one that has, as in zlib:do_package`,
    );
  }
  const hash = hashes.unihash(task);
  if (typeof hash !== 'string') throw new CommandError(`the hash of ${name} is ${hashText(hash)}`);
  const open = await openObjects(session, new HostFiles(session.build.roots), options.offline === true);
  try {
    const names = new ObjectNames(session.workspace);
    const objects = new TaskObjects(graph, hashes, names, open.availability);
    const { presences, problems } = await objects.judge([task], { signal: session.signal });
    for (const { severity, message } of problems) output.note(`${severity}: ${message}`);
    const presence = presences[0]!;
    const path = objects.pathOf(task);
    if (path === undefined || presence.kind === 'unknown') {
      const reason = presence.kind === 'unknown' ? presence.reason : 'its name cannot be told';
      throw new CommandError(`whether the object of ${name} is there is unknown, because ${reason}`);
    }
    if (presence.kind !== 'missing') {
      const place = presence.kind === 'local' ? presence.path : presence.uri;
      output.result(`${name}: its object is there: ${place}`);
      return EXIT.done;
    }
    const { directory } = open.settings;
    const directories = [directory, ...mirrorDirectories(open.settings.mirrors)].filter(Boolean);
    const candidates = [
      ...(await listedCandidates(directories, path, hash, recipeAt(graph, task).pn, output)).map((found) => ({
        ...found,
        path: join(directory, found.name),
      })),
      ...(await recordedCandidates(tasks, task, names, open)),
    ];
    const text = options.format === 'text';
    if (text) {
      output.result(`${name}: its object is not there`);
      output.result(`looked for     ${path}`);
    }
    const own = OwnSignatures.among(tasks, task, session);
    const files = new SignatureFiles([...directories, ...(open.stamps === undefined ? [] : [open.stamps])]);
    const recorded = new MirrorSignatures(files, open.contents, names, graph, output, session.signal);
    const nearest = await nearestOf(candidates, nameAt(graph, task), await own.data(), recorded);
    if (!nearest) {
      output.result(withoutNearest(name, candidates));
      return EXIT.no;
    }
    if (text) {
      output.result(`nearest of ${String(candidates.length).padEnd(4)}${nearest.candidate.place}`);
      output.result('what differs, from it to the wanted one:');
    }
    const explained = await own.explain(nearest.data, recorded, output);
    await reportDifference(name, explained, options, output, session);
    return EXIT.no;
  } finally {
    await open.close();
  }
}

/** What lies in directories. */
async function listedCandidates(
  directories: readonly string[],
  wanted: string,
  hash: string,
  pn: string,
  output: Output,
): Promise<(Omit<Candidate, 'path'> & { readonly name: string })[]> {
  const test = otherObjects(wanted, hash, pn);
  if (!test) return [];
  const found = new Map<string, Omit<Candidate, 'path'> & { readonly name: string }>();
  for (const directory of directories) {
    const progress = (count: number) => output.progress(`Looking through ${directory}: ${count} directories`);
    for (const { name, hash: other, isSame } of await filesBelow(directory, test, progress)) {
      const place = join(directory, name);
      const made = modified(place);
      if (made === undefined || found.has(other)) continue;
      const siginfo = `${place}.siginfo`;
      const known = isFile(siginfo) ? siginfo : undefined;
      found.set(other, { name, hash: other, place, isSame, made, siginfo: known });
    }
  }
  output.progress(undefined);
  return [...found.values()];
}

/** What mirrors have of the hashes that stamps, and the signature data among them, name. */
async function recordedCandidates(
  { graph, hashes }: HashedTasks,
  task: number,
  names: ObjectNames,
  { availability, stamps }: OpenObjects,
): Promise<Candidate[]> {
  if (stamps === undefined) return [];
  const recipe = recipeAt(graph, task);
  const taskName = nameAt(graph, task);
  const stamped = stampedHashes(recipe.stamp, taskName);
  const data = new Map(
    new SignatureFiles([stamps]).ofTask(recipe.pn, taskName).map(({ hash, path }) => [hash, path]),
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
  const { presences } = await availability.judge(paths);
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
