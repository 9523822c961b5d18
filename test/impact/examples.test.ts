/**
 * The examples for CI services: workflows by the services' own schemas, and commands by what the command knows.
 * GitHub's is read by GitHub's own parser; GitLab's schema is what gitlab-ci-local brings along.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Workflows from '@actions/workflow-parser';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { bundledCommand } from '../lsp/command.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(join(ROOT, 'examples/ci', name), 'utf8');
/** What is shipped, in the directory that a .vsix unpacks to. */
const COMMAND = 'extension/dist/sstate-lens.mjs impact';

type Parser = typeof Workflows;

/** It imports JSON in a way that Node itself does not take. */
async function githubParser(): Promise<Parser> {
  const directory = mkdtempSync(join(tmpdir(), 'sstate-lens-parser-'));
  try {
    const outfile = join(directory, 'parser.mjs');
    const entryPoints = [join(ROOT, 'node_modules/@actions/workflow-parser/dist/index.js')];
    await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
    return (await import(outfile)) as Parser;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What GitHub's parser has to say. */
async function githubFaults(content: string): Promise<string[]> {
  const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await githubParser();
  const { context, value } = parseWorkflow({ name: 'impact.yml', content }, new NoOperationTraceWriter());
  const template = value && (await convertWorkflowTemplate(context, value));
  const faults = context.errors.getErrors().map(({ message }) => message);
  return [...faults, ...(template?.errors ?? []).map(({ Message }) => Message)];
}

describe('the example for GitHub Actions', () => {
  const text = read('github-actions.yml');

  it('is a workflow', async () => {
    expect(await githubFaults(text)).toEqual([]);
    expect(await githubFaults(text.replace('runs-on:', 'runs_on:'))).not.toEqual([]);
  });

  it('gives what evaluates the pull request no leave to write', () => {
    expect(text).toContain('permissions:\n  contents: read\n');
    expect(text).not.toContain('pull_request_target');
    expect(text.match(/persist-credentials: false/g)?.length).toBe(text.match(/actions\/checkout@/g)?.length);
  });
});

/** What Node 20 lacks of what gitlab-ci-local uses. */
const NEWER_NODE = `data:text/javascript,${encodeURIComponent(
  'Set.prototype.union ??= function (other) { return new Set([...this, ...other]); };',
)}`;

describe('the example for GitLab CI', { timeout: 60_000 }, () => {
  const check = (content: string) => {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-gitlab-')));
    try {
      const git = (...args: string[]) => execFileSync('git', args, { cwd: directory, stdio: 'ignore' });
      git('init', '-q', '-b', 'main');
      git('config', 'user.name', 'a');
      git('config', 'user.email', 'a@example.com');
      git('remote', 'add', 'origin', 'https://example.com/group/layer.git');
      writeFileSync(join(directory, '.gitlab-ci.yml'), content);
      git('commit', '-q', '--allow-empty', '-m', 'first');
      const command = join(ROOT, 'node_modules/gitlab-ci-local/dist/index.js');
      const args = ['--import', NEWER_NODE, command, '--list-all', '--no-color'];
      return spawnSync(process.execPath, args, {
        encoding: 'utf8',
        cwd: directory,
        env: { ...process.env, HOME: directory },
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };

  it('is a pipeline', () => {
    const { status, stdout, stderr } = check(read('gitlab-ci.yml'));
    expect(stderr).not.toContain('Invalid');
    expect(status).toBe(0);
    expect(stdout + stderr).toContain('json schema validated');
    expect(stdout).toContain('sstate-impact-note');
    expect(check(read('gitlab-ci.yml').replace('expire_in: 1 month', 'expire_inn: 1 month')).status).not.toBe(
      0,
    );
  });
});

describe('the examples', { timeout: 60_000 }, () => {
  it('use the command that is shipped, and options that it has', async () => {
    const help = execFileSync(process.execPath, [await bundledCommand(), 'impact', '--help'], {
      encoding: 'utf8',
    });
    const github = read('github-actions.yml');
    expect(github).toContain('../../sstate-lens/extension/dist/sstate-lens.mjs');
    expect(read('gitlab-ci.yml')).toContain(COMMAND);
    const lines = [
      /lens (impact .*)/.exec(github)![1]!,
      /(impact --build-dir[^>]*>[^\n]*)/s.exec(read('gitlab-ci.yml'))![1]!,
    ];
    for (const line of lines) {
      const options = line.match(/--[a-z-]+/g)!;
      expect(options).toContain('--base');
      for (const option of options) expect(help).toContain(`${option} `.trimEnd());
    }
  });
});
