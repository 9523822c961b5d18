/**
 * `sstateLens/differenceOutline`: how two signatures differ, down to the lines that set what differs, as a tree like
 * those of `outlineRequests.ts`. Which two:
 *
 * - `{ textDocument, task }`: the baseline's and the present one
 * - `{ before, after }`: two files of BitBake's signature data, by their paths. Lines are where variables are set now
 * - `{ textDocument, machines }`: those of each task of the document's recipe for two machines, with the present texts
 */
import { relative } from 'node:path';
import { MACHINE_FILE, machineLine, machineStays, withLastLine } from '../engine/assumedMachine.ts';
import { readSignatureFile, SignatureFiles, signatureOfName, surroundings } from '../host/signatureFiles.ts';
import { readSource } from '../host/sources.ts';
import { differenceOutline, placeOfOrigins, type PlaceOfVariable } from '../ide/differenceOutline.ts';
import { machineOutline, type MachineSide } from '../ide/machineOutline.ts';
import { counterpart, plainVariant, taskOf, variantName } from '../ide/view.ts';
import { type ExplainedTask, explainDifference } from '../signature/diff.ts';
import { variableOf } from '../signature/explanation.ts';
import { ownSignature } from '../signature/own.ts';
import type { SignatureData } from '../signature/sigdata.ts';
import type { Origin } from '../signature/signatures.ts';
import type { Build } from './build.ts';
import { documentOf, refused } from './graphRequests.ts';
import { machineNamed } from './machine.ts';
import { type Outline, shown } from './outlineRequests.ts';
import type { Session } from './session.ts';

export const DIFFERENCE = 'sstateLens/differenceOutline';

export async function difference(params: unknown, session: Session): Promise<Outline> {
  const { before, after, machines } = (params ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof before === 'string' && typeof after === 'string') return betweenFiles(before, after, session);
  return machines === undefined ? fromBaseline(params, session) : betweenMachines(params, machines, session);
}

async function fromBaseline(params: unknown, session: Session): Promise<Outline> {
  const { view } = await documentOf(params, session);
  const { task } = (params ?? {}) as { task?: string };
  const variant = plainVariant(view.current);
  const old = variant && counterpart(variant, view.baseline);
  if (!variant || !old || task === undefined || !taskOf(variant, task))
    throw refused('there is no such task in the recipe of this file');
  if (!taskOf(old, task)) throw refused(`${task} is new: there is nothing to compare it with`);
  const name = `${variantName(variant)}:${task}`;
  const explained = explainDifference(
    ownSignature(task, old, undefined),
    ownSignature(task, variant, undefined),
    () => undefined,
  );
  const placeOf = placeOfOrigins([view.current!.origins], session.trees);
  const nodes = shown(differenceOutline(name, explained, placeOf), session);
  const title = `${name}: the baseline and now`;
  return {
    title,
    nodes,
    ...(nodes.length === 0 && { message: 'Nothing differs in what the recipe says itself.' }),
  };
}

// Two files

async function betweenFiles(before: string, after: string, session: Session): Promise<Outline> {
  const files = new SignatureFiles([...new Set([before, after].map(surroundings))]);
  const explained = explainDifference(read(before), read(after), (_, a, b) => {
    const [old, now] = [files.find(a), files.find(b)];
    return old && now && [old, now];
  });
  const named = signatureOfName(after);
  const name = named ? `${named.pn ?? ''}:${named.task}` : after.slice(after.lastIndexOf('/') + 1);
  const placeOf = await presentPlaces(name, explained, session);
  const nodes = shown(differenceOutline(name, explained, placeOf), session);
  return { title: name, nodes, ...(nodes.length === 0 && { message: 'Nothing differs.' }) };
}

function read(file: string): SignatureData {
  try {
    return readSignatureFile(file);
  } catch (error) {
    throw refused(
      `cannot read ${file}: ${(error as Error).message}. Choose a sigdata or siginfo file of BitBake's`,
    );
  }
}

/** Where the variables that differ are set now, in the recipes of the tasks. */
async function presentPlaces(
  task: string,
  explained: ExplainedTask,
  { evaluates, trees }: Session,
): Promise<PlaceOfVariable> {
  const wanted = new Map<string, Set<string>>();
  collectVariables(task, explained, wanted);
  const known = new Map<string, ReadonlyMap<string, readonly Origin[]>>();
  for (const [pn, names] of wanted) {
    const origins = await evaluates?.originsOf(pn, [...names]).catch(() => undefined);
    if (origins) known.set(pn, origins);
  }
  return (of, variable) => placeOfOrigins([known.get(recipeNameOf(of)) ?? new Map()], trees)(of, variable);
}

function collectVariables(task: string, explained: ExplainedTask, into: Map<string, Set<string>>): void {
  for (const difference of explained.differences) {
    const variable = variableOf(difference);
    if (variable === undefined) continue;
    const pn = recipeNameOf(task);
    into.set(pn, (into.get(pn) ?? new Set()).add(variable));
  }
  for (const cause of explained.causes) {
    if (typeof cause.explained === 'object') collectVariables(cause.task, cause.explained, into);
  }
}

/** `zlib` of `zlib:do_install` and of `mc:musl:zlib:do_install`. */
function recipeNameOf(task: string): string {
  return task.replace(/^mc:[^:]*:/, '').replace(/:.*/, '');
}

// Two machines

async function betweenMachines(params: unknown, wanted: unknown, session: Session): Promise<Outline> {
  const { view } = await documentOf(params, session);
  const [a, b] = (Array.isArray(wanted) ? wanted : []).map((machine: unknown) => machineNamed({ machine }));
  if (a === undefined || b === undefined || a === b) throw refused('name two machines that are not the same');
  const { evaluates: build } = session;
  const { recipe } = view;
  if (!build || recipe === undefined) throw refused('no recipe uses this file: open a recipe');
  // One after the other: each takes evaluators of its own.
  const before = await sideOf(a, recipe, build, session);
  const after = await sideOf(b, recipe, build, session);
  const nodes = shown(machineOutline(before, after, session.trees), session);
  const name = plainVariant(after.evaluation)?.pn ?? relative(build.directory.path, recipe);
  return {
    title: `${name}: ${a} and ${b}`,
    message: `Basehashes of ${name} for ${a} and ${b}. What tasks of other recipes differ in is told by: sstate-lens compare --machine ${a} --machine ${b} ${name}`,
    nodes,
  };
}

async function sideOf(
  machine: string,
  recipe: string,
  build: Build,
  { documents }: Session,
): Promise<MachineSide> {
  const texts = new Map(documents.all().map(({ path, text }) => [path, text]));
  const file = `${build.directory.path}/${MACHINE_FILE}`;
  const text = withLastLine(texts.get(file) ?? readSource(file) ?? '', machineLine(machine));
  const assumed = text.split('\n').length - 1;
  const other = build.aside(texts.set(file, text));
  try {
    const found = (await other.summary()).machine;
    if (found !== machine) throw refused(machineStays(found));
    const evaluation = await other.evaluate(recipe);
    // Nobody can go to the line that is not there.
    const isThere = ({ path, line }: Origin) => path !== file || line < assumed;
    const origins = new Map([...evaluation.origins].map(([name, places]) => [name, places.filter(isThere)]));
    return { machine, evaluation: { ...evaluation, origins } };
  } finally {
    other.dispose();
  }
}
