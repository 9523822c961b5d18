/** From our positions and findings to the protocol's and back; the only differences are in names. */
import {
  type Diagnostic,
  DiagnosticSeverity,
  type Position as ProtocolPosition,
  type Range as ProtocolRange,
} from 'vscode-languageserver/node';
import type { Severity } from '../base/problem.ts';
import type { Position, Range } from '../base/text.ts';
import type { Finding } from '../ide/findings.ts';

export const SOURCE = 'sstate-lens';

const SEVERITIES: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
};

export function toPosition({ line, column }: Position): ProtocolPosition {
  return { line, character: column };
}

export function toRange({ start, end }: Range): ProtocolRange {
  return { start: toPosition(start), end: toPosition(end) };
}

export function fromPosition({ line, character }: ProtocolPosition): Position {
  return { line, column: character };
}

export function toDiagnostic(
  finding: Finding,
  uriOf: (path: string) => string,
  hasRelated: boolean,
): Diagnostic {
  const related = finding.related.map(({ path, range, message }) => ({
    location: { uri: uriOf(path), range: toRange(range) },
    message,
  }));
  return {
    range: toRange(finding.range),
    severity: SEVERITIES[finding.severity],
    source: SOURCE,
    code: finding.code,
    message: finding.message,
    ...(hasRelated && related.length > 0 && { relatedInformation: related }),
  };
}
