/**
 * The datastore as Python sees it: each operation of `d`, by name.
 *
 * The names and arguments are those of `bb/data_smart.py: DataSmart`; changes end with `op, file, line` as the
 * history records them. Also the few parse operations that metadata calls on its own (`inherit`, `include`).
 */
import type { Datastore } from '../datastore/datastore.ts';
import type { ChangeSource } from '../datastore/history.ts';
import type { Value } from '../datastore/value.ts';
import type { DatastoreService } from '../python/runtime.ts';
import type { ParseContext } from './context.ts';
import { deferInherit, include, inherit } from './files.ts';
import { pythonText } from './statements.ts';
import { textList } from './tasks.ts';

type Answer = Value | Record<string, Value>;
type Operation = (d: Datastore, args: readonly Value[], ctx: ParseContext) => Answer | void;

function text(value: Value): string {
  return value === undefined ? '' : pythonText(value);
}

function optionalText(value: Value): string | undefined {
  return value === undefined ? undefined : pythonText(value);
}

/** `op, file, line` from `at` on. */
function source(args: readonly Value[], at: number): ChangeSource | undefined {
  const [operation, path, line] = args.slice(at);
  if (typeof path !== 'string') return undefined;
  const place = { path, line: Number(line ?? 0) };
  return typeof operation === 'string' ? { ...place, operation } : place;
}

function options(args: readonly Value[], at: number): { noWeakDefault: boolean; parsing: boolean } {
  return { noWeakDefault: Boolean(args[at]), parsing: Boolean(args[at + 1]) };
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  getVar: (d, args) => d.getVar(text(args[0]), Boolean(args[1]), options(args, 2)),
  getVarFlag: (d, args) => d.getVarFlag(text(args[0]), text(args[1]), Boolean(args[2]), options(args, 3)),
  getVarFlags: (d, args) => {
    const wanted = Array.isArray(args[1]) ? args[1].map(text) : [];
    const flags = d.getVarFlags(text(args[0]), wanted, Boolean(args[2]));
    return flags && Object.fromEntries(flags);
  },
  expand: (d, args) => d.expand(args[0], optionalText(args[1])),
  expandWithRefs: (d, args) => {
    const expansion = d.expandWithRefs(args[0], optionalText(args[1]));
    return {
      value: expansion.value,
      references: [...expansion.references],
      execs: [...expansion.execs],
      contains: [...expansion.contains].map(([name, items]) => [name, [...items]]),
      removes: expansion.removes && [...expansion.removes],
    };
  },
  hasOverrides: (d, args) => d.hasOverrides(text(args[0])),
  need_overrides: (d) => void d.currentOverrides(),
  overrides: (d) => d.currentOverrides(),
  overridedata: (d, args) => (args[0] === undefined ? d.namesWithForms() : d.formsOf(text(args[0]))),
  keys: (d, args) => [...d.keys(typeof args[0] === 'string' ? args[0] : '')],
  localkeys: (d) => d.localKeys(),

  tasks: (d) =>
    [...d.keysWithFlags()]
      .filter((name) => d.getVarFlag(name, 'task', false))
      .map((name) => [name, textList(d.getVarFlag(name, 'deps', false))]),

  listens: (d, args, ctx) => ctx.listeners?.listens(text(args[0]), d) ?? false,

  setVar: (d, args) => d.setVar(text(args[0]), args[1], source(args, 2), Boolean(args[5])),
  setVarFlag: (d, args) => d.setVarFlag(text(args[0]), text(args[1]), args[2], source(args, 3)),
  setVarFlags: (d, args) => {
    const pairs = (Array.isArray(args[1]) ? args[1] : []) as readonly (readonly [string, Value])[];
    d.setVarFlags(text(args[0]), new Map(pairs), source(args, 2));
  },
  appendVar: (d, args) => d.appendVar(text(args[0]), args[1], source(args, 2)),
  prependVar: (d, args) => d.prependVar(text(args[0]), args[1], source(args, 2)),
  appendVarFlag: (d, args) => d.appendVarFlag(text(args[0]), text(args[1]), text(args[2]), source(args, 3)),
  prependVarFlag: (d, args) => d.prependVarFlag(text(args[0]), text(args[1]), text(args[2]), source(args, 3)),
  delVar: (d, args) => d.delVar(text(args[0]), source(args, 1)),
  delVarFlag: (d, args) => d.delVarFlag(text(args[0]), text(args[1]), source(args, 2)),
  delVarFlags: (d, args) => d.delVarFlags(text(args[0]), source(args, 1)),
  renameVar: (d, args) => d.renameVar(text(args[0]), text(args[1]), source(args, 2)),
  initVar: (d, args) => d.initVar(text(args[0])),
  expandVarref: (d, args) => d.expandVarref(text(args[0])),
  setVarFilter: (d, args) => d.setVarFilter(text(args[0]), optionalText(args[1])),

  // BitBake records history only when asked to; metadata sees none while recipes are parsed.
  tracking: () => false,
  enableTracking: () => undefined,
  disableTracking: () => undefined,
  variableHistory: () => [],
  deleteHistory: () => undefined,

  createCopy: (d, _args, ctx) => ctx.numberOf(d.createCopy()),
  create: (d, _args, ctx) => ctx.numberOf(d),
  inherit: (d, args, ctx) =>
    inherit(text(args[0]), text(args[1]), Number(args[2] ?? 0), d, Boolean(args[3]), ctx),
  inherit_defer: (d, args) => deferInherit(text(args[0]), text(args[1]), Number(args[2] ?? 0), d),
  include: (d, args, ctx) =>
    include(text(args[0]), text(args[1]), Number(args[2] ?? 0), d, optionalText(args[3]), ctx),
};

/** @param context given late, because it needs the runtime that needs this */
export function datastoreService(context: () => ParseContext): DatastoreService {
  return {
    call(operation, number, args) {
      const run = OPERATIONS[operation];
      if (!run) throw new TypeError(`the datastore has no operation ${operation} here`);
      const ctx = context();
      const answer = run(operation === 'create' ? ctx.newDatastore() : ctx.datastore(number), args, ctx);
      return answer ?? undefined;
    },
  };
}
