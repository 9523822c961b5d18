/**
 * What the server says about itself: `sstateLens/status`, for a status bar. A client that does not know the
 * notification leaves it alone.
 */
import { NotificationType } from 'vscode-languageserver/node';
import type { ConfigurationSummary } from '../engine/results.ts';
import { counted } from '../ide/wording.ts';

export interface Status {
  readonly state: 'loading' | 'ready' | 'degraded' | 'error';
  /** A few words. */
  readonly text: string;
  /** Markdown. */
  readonly tooltip?: string;
}

export const STATUS = new NotificationType<Status>('sstateLens/status');

const MOST_PROBLEMS = 5;

export function loading(buildDir: string): Status {
  return {
    state: 'loading',
    text: 'loading the configuration',
    tooltip: `Build directory: ${code(buildDir)}`,
  };
}

export function noBuildDirectory(searched: readonly string[]): Status {
  return {
    state: 'error',
    text: 'no build directory',
    tooltip:
      `No \`conf/bblayers.conf\` was found from ${searched.map(code).join(', ') || 'the open folder'} on. ` +
      'Set `sstateLens.buildDirectory` to the folder that BitBake is started in, or start the server with ' +
      '`--build-dir DIR`.',
  };
}

export function wrongBuildDirectory(path: string): Status {
  return {
    state: 'error',
    text: 'no build directory',
    tooltip: `${code(path)} has no \`conf/bblayers.conf\`. Choose the folder that BitBake is started in.`,
  };
}

/**
 * @param baseline what edits are compared with, as a sentence
 * @param edits what the present edits do to hashes, in a few words
 * @param multiconfig whose hashes are shown; `''`: those of the plain configuration
 */
export function configured(
  summary: ConfigurationSummary,
  baseline: string,
  edits?: string,
  multiconfig = '',
): Status {
  const errors = summary.problems.filter(({ severity }) => severity === 'error');
  const { multiconfigs } = summary;
  const chosen = multiconfigs.find(({ name }) => name === multiconfig);
  const machine = `${(chosen ?? summary).machine ?? 'no MACHINE'}${chosen ? ` · mc:${chosen.name}` : ''}`;
  const facts = [
    `Build directory: ${code(summary.buildDir)}`,
    `${counted(summary.recipes.length, 'recipe')} in ${counted(summary.layers.length, 'layer')}` +
      `: ${summary.layers.map(({ name }) => code(name)).join(', ')}`,
    ...(summary.distro === undefined ? [] : [`DISTRO ${code(summary.distro)}`]),
    ...(multiconfigs.length === 0
      ? []
      : [`Multiconfigs, beside the plain one: ${multiconfigs.map(({ name }) => code(name)).join(', ')}`]),
    summary.bitbakeDir === undefined
      ? `No BitBake is at hand: the rules are those of ${summary.bitbakeVersion}`
      : `BitBake ${summary.bitbakeVersion} in ${code(summary.bitbakeDir)}`,
    baseline,
  ];
  const behind = edits === undefined ? '' : ` · ${edits}`;
  const shown = errors.slice(0, MOST_PROBLEMS).map(({ path, range, message }) => {
    const line = range ? `:${range.start.line + 1}` : '';
    return `${code(`${path}${line}`)} ${code(message)}`;
  });
  const tooltip = [...shown, ...facts].join('\n\n');
  return errors.length > 0
    ? {
        state: 'degraded',
        text: `${machine}, ${counted(errors.length, 'error')} in the configuration${behind}`,
        tooltip,
      }
    : { state: 'ready', text: `${machine}${behind}`, tooltip };
}

export function unreadable(message: string): Status {
  return { state: 'error', text: 'the configuration cannot be read', tooltip: code(message) };
}

function code(text: string): string {
  return `\`\`${text.replace(/`+/g, "'").replace(/\s+/g, ' ')}\`\``;
}
