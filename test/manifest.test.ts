/** The manifest promises what the client and the package keep: commands, settings, files. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

interface Manifest {
  readonly icon: string;
  readonly main: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: string[] } };
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
    readonly languages?: readonly { readonly configuration?: string }[];
    readonly grammars?: readonly { readonly path: string }[];
  };
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
const { contributes } = manifest;
const client = readdirSync(join(ROOT, 'client/src'))
  .map((name) => readFileSync(join(ROOT, 'client/src', name), 'utf8'))
  .join('\n');

/** Settings that only choose what is compared and how it is shown. */
const SHOWN = [
  'sstateLens.inlayHints',
  'sstateLens.trace.server',
  'sstateLens.baseline',
  'sstateLens.baselineBranch',
  'sstateLens.hashChangeSeverity',
  'sstateLens.warningFromTasks',
];

describe('the manifest', () => {
  it('declares the commands that the client registers, and no other', () => {
    const registered = [...client.matchAll(/registerCommand\(\s*'([^']+)'/g)].map((match) => match[1]);
    expect(registered.sort()).toEqual(contributes.commands.map(({ command }) => command).sort());
  });

  it('leaves out in untrusted workspaces every setting that decides what is read', () => {
    const settings = Object.keys(contributes.configuration.properties);
    expect(settings.filter((name) => !SHOWN.includes(name)).sort()).toEqual(
      [...manifest.capabilities.untrustedWorkspaces.restrictedConfigurations].sort(),
    );
  });

  it('has every setting explained in the README', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const missing = Object.keys(contributes.configuration.properties).filter(
      (name) => !readme.includes(`\`${name}\``),
    );
    expect(missing).toEqual([]);
  });

  it('names files that are in the tree, and that the package lets through', () => {
    const files = [
      manifest.icon,
      ...(contributes.languages ?? []).flatMap(({ configuration }) => configuration ?? []),
      ...(contributes.grammars ?? []).map(({ path }) => path),
    ].map((path) => path.replace(/^\.\//, ''));
    expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);

    const allowed = readFileSync(join(ROOT, '.vscodeignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1).replaceAll('**', '*'));
    const packaged = [...files, manifest.main, ...Object.values(manifest.bin)].map((path) =>
      path.replace(/^\.\//, ''),
    );
    const matches = (path: string) =>
      allowed.some((pattern) =>
        new RegExp(`^${pattern.replace(/[.+]/g, '\\$&').replaceAll('*', '.*')}$`).test(path),
      );
    expect(packaged.filter((path) => !matches(path))).toEqual([]);
  });
});

describe('npm', () => {
  it('leaves stdout to the script it runs', () => {
    const config = execFileSync('npm', ['config', 'get', 'loglevel'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, npm_config_loglevel: undefined },
    });
    expect(config.trim()).toBe('silent');
  });
});
