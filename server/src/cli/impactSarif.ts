/**
 * An `impact` report as SARIF 2.1.0, for tools that show findings at their lines: one result for each root cause. Only
 * causes in the head state have a line there; of what was removed, the result names the file.
 */
import { createHash } from 'node:crypto';
import type { Log, Result } from 'sarif';
import { causeText, costText, reachText } from '../ide/impactWords.ts';
import type { ImpactReport, ReportedCause, ReportedResult } from './impactReport.ts';
import { placeText } from './impactOutline.ts';

const RULES = [
  ['statement', 'An edited statement changes hashes'],
  ['file', 'A file of SRC_URI changes hashes'],
  ['recipe-added', 'A recipe is new'],
  ['recipe-removed', 'A recipe is gone'],
  ['recipe-renamed', 'A recipe file has another name'],
  ['values', 'Values are others, and no edited statement is seen to be the reason'],
  ['dependencies', 'Tasks depend on others than before'],
] as const;

export function sarifReport(report: ImpactReport): Log {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'sstate Lens',
            rules: RULES.map(([id, text]) => ({ id, shortDescription: { text } })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: report.results.flatMap((result) => result.causes.map((cause) => sarifResult(cause, result))),
      },
    ],
  };
}

function sarifResult(cause: ReportedCause, { machine, causes }: ReportedResult): Result {
  const { kind, path, repository, lines, side, subject, examples, sstate } = cause;
  const isThere = side === 'head';
  const cost = costText(sstate);
  const first = examples.length > 0 ? ` (first ${examples.join(', ')})` : '';
  const text = `${isThere ? '' : `${placeText(cause)}: `}${causeText(cause)}: ${reachText(cause)}${first}${machine === null ? '' : `, for ${machine}`}${cost === undefined ? '' : `; ${cost}`}`;
  const region = isThere && lines ? { region: { startLine: lines[0], endLine: lines[1] } } : {};
  return {
    ruleId: kind,
    ruleIndex: RULES.findIndex(([id]) => id === kind),
    level: 'note',
    message: { text },
    locations: [
      {
        physicalLocation: {
          artifactLocation:
            repository === null
              ? { uri: `file://${encoded(path)}` }
              : { uri: encoded(path), uriBaseId: '%SRCROOT%' },
          ...region,
        },
      },
    ],
    partialFingerprints: {
      'cause/v1': createHash('sha256')
        .update(JSON.stringify([kind, repository, path, subject, machine]))
        .digest('hex'),
    },
    properties: {
      place: causes.indexOf(cause),
      basehashes: cause.basehashes,
      taskhashes: cause.taskhashes,
      ...(sstate ? { sstate } : {}),
    },
  };
}

function encoded(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
