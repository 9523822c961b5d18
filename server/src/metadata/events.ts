/**
 * Event handlers: who listens to what, and running them.
 *
 * Follows `bb/event.py: register, fire_class_handlers`. Handlers registered while the configuration is read
 * stay; those a recipe adds are gone when the recipe is done.
 */
import { splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import { FatalError } from '../datastore/errors.ts';
import type { ChangeSource } from '../datastore/history.ts';
import type { Value } from '../datastore/value.ts';
import type { EventArgument } from '../python/runtime.ts';
import type { Listeners, ParseContext } from './context.ts';
import { textList } from './tasks.ts';

/** What a handler listens to: names of event classes such as `bb.event.RecipeParsed`; empty: everything. */
interface Handler {
  readonly name: string;
  readonly mask: ReadonlySet<string>;
  readonly place: ChangeSource;
}

export class EventHandlers implements Listeners {
  private handlers: Map<string, Handler>;
  constructor(from?: EventHandlers) {
    this.handlers = new Map(from?.handlers);
  }

  /** Registers all of `__BBHANDLERS`. @throws FatalError for one that is not defined */
  registerAll(d: Datastore, ctx: ParseContext): void {
    for (const name of textList(d.getVar('__BBHANDLERS', false))) {
      const file = d.getVarFlag(name, 'filename', false);
      if (typeof file !== 'string' || !file)
        throw new FatalError(
          `Undefined event handler function '${name}': define it as python ${name} () { … }`,
        );
      const line = Number(d.getVarFlag(name, 'lineno', false));
      const mask = d.getVarFlag(name, 'eventmask');
      this.register(
        name,
        d.getVar(name, false),
        typeof mask === 'string' ? splitWords(mask) : [],
        { file, line },
        d,
        ctx,
      );
    }
  }

  private register(
    name: string,
    body: Value,
    mask: readonly string[],
    place: { readonly file: string; readonly line: number },
    d: Datastore,
    ctx: ParseContext,
  ): void {
    const mc = d.getText('BB_CURRENT_MC');
    const registered = mc ? `${mc.replaceAll('-', '_')}${name}` : name;
    const active = new Set(textList(d.getVar('__BBHANDLERS_MC')));
    if (!this.handlers.has(registered)) {
      if (typeof body !== 'string') return;
      ctx.python.defineHandler(registered, body, place);
      this.handlers.set(registered, {
        name: registered,
        mask: new Set(mask.includes('*') ? [] : mask),
        place: { path: place.file, line: place.line },
      });
    }
    d.setVar('__BBHANDLERS_MC', [...active.add(registered)]);
  }

  listens(event: string, d: Datastore): boolean {
    return [...this.handlers.values()].some((handler) => hears(handler, event, d));
  }

  /** Fires `bb.event.<event>(*args)` at every handler that listens. @throws what a handler raises */
  fire(event: string, args: readonly EventArgument[], d: Datastore, ctx: ParseContext): void {
    for (const handler of [...this.handlers.values()]) {
      if (!hears(handler, `bb.event.${event}`, d)) continue;
      const before = ctx.place;
      ctx.place = handler.place;
      d.context.frames.beginOccasion();
      ctx.python.fireHandler(handler.name, event, args, ctx.numberOf(d));
      ctx.place = before;
    }
  }
}

/** @param event with its module */
function hears({ name, mask }: Handler, event: string, d: Datastore): boolean {
  if (mask.size > 0 && !mask.has(event)) return false;
  return textList(d.getVar('__BBHANDLERS_MC')).includes(name);
}
