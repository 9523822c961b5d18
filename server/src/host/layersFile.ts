/**
 * BBLAYERS as bblayers.conf sets it, read without evaluating anything else: what Python may read is only known then.
 * Follows what such files do in practice; the sandbox reads them again, and it is what that finds that counts.
 */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { splitWords } from '../base/words.ts';
import { ReadFrames } from '../datastore/cache.ts';
import { Datastore } from '../datastore/datastore.ts';
import { approvedEnvironment } from '../metadata/environment.ts';
import { BUILT_IN_VERSION, releaseOf } from '../metadata/release.ts';
import { parseFile } from '../syntax/parser.ts';
import type { Assignment } from '../syntax/statements.ts';
import { bitbakeEnvironment } from './environment.ts';
import { pathExpression, type PathQuestions, withHome } from './pathExpression.ts';

export interface NamedLayers {
  /** Absolute paths, in the order of BBLAYERS; may not be there. */
  readonly named: readonly string[];
  /** Of which it was asked whether they are there. */
  readonly asked: readonly string[];
}

/** How deep files may include each other. */
const MOST_DEEP = 20;

/** @param environment of this process */
export function readLayers(
  buildDir: string,
  environment: Readonly<Record<string, string | undefined>>,
): NamedLayers {
  const reader = new LayersFile(buildDir, environment);
  try {
    reader.read(join(buildDir, 'conf/bblayers.conf'), 0);
    return { named: reader.layers(), asked: [...reader.asked] };
  } catch {
    // What is wrong with the file is said when the configuration is read.
    return { named: [], asked: [] };
  }
}

class LayersFile {
  readonly asked = new Set<string>();
  private readonly release = releaseOf(BUILT_IN_VERSION);
  private readonly environment: Readonly<Record<string, string>>;
  private readonly d: Datastore;

  /** @param environment of this process */
  constructor(
    private readonly buildDir: string,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    const known = bitbakeEnvironment({ path: buildDir, bitbakeDir: undefined, roots: [] }, environment);
    this.environment = approvedEnvironment(known);
    const questions = this.questionsIn(buildDir);
    this.d = new Datastore({
      traits: this.release.expansion,
      python: {
        evaluate: (text) => pathExpression(text, questions),
        analyse: () => ({ references: [], execs: [], contains: new Map<string, string[]>() }),
        applyFilter: (value) => value,
      },
      passesThrough: () => false,
      report: () => undefined,
      renamed: new Map(),
      exported: new Set(),
      frames: new ReadFrames(),
    });
    for (const [name, value] of Object.entries(this.environment)) this.d.setVar(name, value);
    this.d.setVar('TOPDIR', buildDir);
  }

  read(file: string, depth: number): void {
    const { d } = this;
    const around = d.getText('FILE');
    d.setVar('FILE', file);
    for (const statement of parseFile(file, readFileSync(file, 'utf8'), this.release.syntax).statements) {
      if (statement.kind === 'assignment') this.assign(statement);
      if (statement.kind === 'include' && depth < MOST_DEEP)
        for (const name of splitWords(d.expandText(statement.target))) this.include(name, file, depth);
    }
    if (around === undefined) d.delVar('FILE');
    else d.setVar('FILE', around);
  }

  layers(): string[] {
    return (
      splitWords(this.d.getText('BBLAYERS') ?? '')
        // Of expressions that were not understood the text is left.
        .filter((layer) => !/['"`(){}$]/.test(layer))
        .map((layer) => resolve(this.buildDir, withHome(layer, this.environment['HOME'])))
    );
  }

  private assign({ variable, value, operator, flag }: Assignment): void {
    if (flag !== undefined) return;
    const { d } = this;
    const known = d.getText(variable) ?? '';
    if (operator === '+=' || operator === '.=') d.setVar(variable, `${known} ${value}`);
    else if (operator === '=+' || operator === '=.') d.setVar(variable, `${value} ${known}`);
    else if (operator === ':=') d.setVar(variable, d.expandText(value), undefined, true);
    else if (!operator.startsWith('?') || !known) d.setVar(variable, value, undefined, true);
  }

  /** By names of metadata files alone, as BitBake goes: nothing else is opened. */
  private include(name: string, from: string, depth: number): void {
    if (!/\.(?:conf|inc)$/.test(name)) return;
    const places = [dirname(from), ...(this.d.getText('BBPATH') ?? '').split(':')];
    const found = places
      .map((place) => resolve(this.buildDir, place, name))
      .find((path) => this.kind(path) === 'file');
    if (found !== undefined) this.read(found, depth + 1);
  }

  private questionsIn(workingDirectory: string): PathQuestions {
    return {
      variable: (name) => this.d.getText(name),
      environment: (name) => this.environment[name],
      kind: (path) => {
        this.asked.add(path);
        return this.kind(path);
      },
      realPath: (path) => {
        try {
          return realpathSync(path);
        } catch {
          return path;
        }
      },
      workingDirectory,
    };
  }

  private kind(path: string): 'file' | 'directory' | undefined {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat?.isDirectory() ? 'directory' : stat?.isFile() ? 'file' : undefined;
  }
}
