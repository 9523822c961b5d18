/**
 * Which functions metadata has defined, and which of them a piece of Python can reach by name: what decides, besides
 * the datastore, what it does.
 *
 * Works on names in texts, without understanding Python: a name that stands anywhere in a text counts as used.
 */
import { createHash } from 'node:crypto';

/** A function that was defined, with what stands for its text and place, in every session. */
interface Definition {
  readonly digest: string;
  readonly words: readonly string[];
  readonly effect: Effect;
}

const WORD = /[A-Za-z_]\w*/g;

const known = new Map<string, Definition>();

const digests = new Map<string, string>();

/** What stands for a text that is defined, and its place. */
export function definitionDigest(text: string): string {
  let digest = digests.get(text);
  if (digest === undefined) {
    digest = createHash('sha256').update(text).digest('base64url');
    if (digests.size >= MOST_TEXTS) digests.clear();
    digests.set(text, digest);
  }
  return digest;
}

function definitionOf(text: string, place: string): Definition {
  const key = `${place}\n${text}`;
  let definition = known.get(key);
  if (!definition) {
    definition = { digest: definitionDigest(key), words: wordsOf(text), effect: effectOf(text) };
    if (known.size >= MOST_TEXTS) known.clear();
    known.set(key, definition);
  }
  return definition;
}

const knownWords = new Map<string, readonly string[]>();
const MOST_TEXTS = 50_000;

function wordsOf(text: string): readonly string[] {
  let words = knownWords.get(text);
  if (!words) {
    words = [...new Set(text.match(WORD))];
    if (knownWords.size >= MOST_TEXTS) knownWords.clear();
    knownWords.set(text, words);
  }
  return words;
}

/** What a text may do besides its requests; see `effectOf`. */
export type Effect = (typeof EFFECTS)[number];

/**
 * `none`: what it does is told by its requests and the functions that it names; `wide`: it may look at all functions
 * that are defined; `hidden`: it looks at something that neither shows; `lasting`: it may change something that
 * outlasts it. Rather takes a text for worse than it is.
 */
function effectOf(text: string): Effect {
  const code = text.replace(STRINGS_AND_COMMENTS, '""');
  if (LASTING.test(code)) return 'lasting';
  if (HIDDEN.test(code)) return 'hidden';
  return WIDE.test(code) ? 'wide' : 'none';
}

/** From the best to the worst. */
const EFFECTS = ['none', 'wide', 'hidden', 'lasting'] as const;

const STRINGS_AND_COMMENTS = /"""[^]*?"""|'''[^]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|#[^\n]*/g;
const MODULES = 'bb|oe|os|sys|re|json|subprocess|builtins|lens';
/** Modules that change nothing but what they are given. */
const KNOWN_IMPORTS =
  'bb|oe|os|re|sys|json|subprocess|collections|itertools|functools|operator|string|hashlib|pathlib|shutil|glob|datetime|time|fnmatch|math|copy|shlex|textwrap|urllib|stat|errno|logging|contextlib|typing|tempfile|platform';
const HIDDEN = /\b(?:eval|environ|sys|inspect)\b|\b(?:vars|locals)\s*\(/;
const WIDE = /\bglobals\b/;
const LASTING = new RegExp(
  [
    // Reflection, other state of the interpreter.
    String.raw`\b(?:setattr|delattr|filter_proc|exec|__import__|importlib|nonlocal|putenv|weakref|threading)\b|\bglobal\s+\w`,
    String.raw`\bvars\s*\(\s*\w`,
    String.raw`^\s*(?:import\s+(?:[^\n]*,\s*)?|from\s+)(?!(?:${KNOWN_IMPORTS})\b)\w`,
    String.raw`\bsys\s*\.\s*(?:modules|monitoring|meta_path|path_hooks|std\w+|set\w+|_\w+|path\s*(?:\.|\[|=))`,
    String.raw`\b__(?:builtins|dict|globals|loader|spec|code|bases|mro|subclasses|getattribute|closure|defaults)__`,
    String.raw`\.\s*__(?!name__|version__|doc__|class__|init__)\w+__`,
    // Assignments to attributes, and to what is in them.
    String.raw`[\w\])]\s*\.\s*\w+\s*(?:\[[^\]]*\]\s*)*(?:[-+*/|&^%@]|\/\/|<<|>>|\*\*)?=(?!=)`,
    String.raw`\b(?:environ|globals\s*\(\s*\))\s*(?:\[[^\]]*\]\s*(?:[-+*/|&^%@]|\/\/)?=(?!=)|\.\s*(?:update|setdefault|pop|clear)\b)`,
    String.raw`\bdel\s+(?:\w+\s*\.|globals)`,
    // Attributes of modules that are changed in place, or handed on under another name.
    String.raw`\b(?:${MODULES})(?:\s*\.\s*\w+)+\s*\.\s*(?:append|extend|insert|pop|remove|clear|update|setdefault|add|discard|popitem|sort|reverse)\s*\(`,
    String.raw`=\s*(?:${MODULES})(?:\s*\.\s*\w+)*\s*$`,
  ].join('|'),
  'm',
);

const effects = new Map<string, Effect>();

function knownEffectOf(text: string): Effect {
  let effect = effects.get(text);
  if (effect === undefined) {
    effect = effectOf(text);
    if (effects.size >= MOST_TEXTS) effects.clear();
    effects.set(text, effect);
  }
  return effect;
}

function worst(effects: readonly Effect[]): Effect {
  return EFFECTS.findLast((effect) => effects.includes(effect)) ?? 'none';
}

interface Reach {
  readonly key: string;
  readonly effect: Effect;
}

/** The functions that are defined at one time, by name. */
export class Definitions {
  private readonly own = new Map<string, Definition>();
  /** Text -> what it reaches, as long as nothing is defined. */
  private readonly reaches = new Map<string, Reach>();
  private everything: string | undefined;
  constructor(private readonly below?: Definitions) {}

  /** @param names the functions that the text defines */
  add(names: readonly string[], text: string, place: string): void {
    const definition = definitionOf(text, place);
    let changed = false;
    for (const name of names) {
      if (this.find(name) === definition) continue;
      this.own.set(name, definition);
      changed = true;
    }
    if (!changed) return;
    this.reaches.clear();
    this.everything = undefined;
  }

  /** Another text for each set of definitions that `text` can reach. */
  key(text: string): string {
    const { key, effect } = this.reach(text);
    return effect === 'wide' ? this.all : key;
  }

  /** Another text for each set of definitions. */
  get all(): string {
    if (this.everything === undefined) {
      const functions = [...this.own].map(([name, { digest }]) => `${name}=${digest}`).sort();
      this.everything = definitionDigest(`${this.below?.all ?? ''}\n${functions.join(' ')}`);
    }
    return this.everything;
  }

  /** What the text and all that it can reach may do besides their requests. */
  effect(text: string): Effect {
    return this.reach(text).effect;
  }

  private reach(text: string): Reach {
    let reach = this.reaches.get(text);
    if (reach) return reach;
    const found = new Set<Definition>();
    const add = (word: string) => {
      const definition = this.find(word);
      if (definition) found.add(definition);
    };
    wordsOf(text).forEach(add);
    // A set visits what is added to it on the way.
    for (const { words } of found) words.forEach(add);
    const all = [...found];
    const digests = all.map(({ digest }) => digest).sort();
    reach = {
      key: digests.length > 1 ? definitionDigest(digests.join(' ')) : (digests[0] ?? ''),
      effect: worst([...all.map(({ effect }) => effect), knownEffectOf(text)]),
    };
    this.reaches.set(text, reach);
    return reach;
  }

  private find(name: string): Definition | undefined {
    return this.own.get(name) ?? this.below?.find(name);
  }
}
