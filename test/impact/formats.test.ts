/** What reports look like in each format: the first screen, the limits of where they are shown, and harmful names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Log } from 'sarif';
import { describe, expect, it } from 'vitest';
import { htmlReport } from '../../server/src/cli/impactHtml.ts';
import { markdownReport } from '../../server/src/cli/impactMarkdown.ts';
import { sarifReport } from '../../server/src/cli/impactSarif.ts';
import { textLines } from '../../server/src/cli/impactText.ts';
import { cause, harmfulReport, recipe, report } from './report.ts';

const SCHEMA = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../schemas/impact.schema.json'), 'utf8'),
) as object;
const EMPTY = { changed: 0, added: 0, removed: 0, unknown: 0, recipes: 0, total: 10 };
const NOTHING = { causes: [], recipes: [], sstate: null, basehashes: EMPTY, taskhashes: EMPTY };
const MANY = Array.from({ length: 400 }, (_, at) =>
  cause({ lines: [at + 1, at + 1], subject: `VARIABLE_${at}` }),
);

describe('a report in the terminal', () => {
  it('tells cause, size and cost of a class change on the first screen', () => {
    const lines = textLines(report());
    expect(lines.slice(0, 14)).toEqual([
      'openembedded-core: where HEAD parted from origin/main (0123456789ab) to the',
      '  working tree',
      '',
      'qemux86-64, universe',
      '  20,114 of 35,242 taskhashes change, 2 new, 1 gone, in 1,913 recipes',
      '  1,900 of 73,852 basehashes change, in 950 recipes',
      '  2,700 sstate objects would no longer be used (2,600 local, 100 on mirrors)',
      '',
      '1 root cause',
      '  1. meta/classes-global/base.bbclass:123-125  do_unpack edited',
      '     1,900 basehashes in 950 recipes, 20,114 taskhashes in 1,913 recipes',
      '     2,700 sstate objects would no longer be used (2,600 local, 100 on mirrors)',
      '     first acl:do_unpack, acl-native:do_unpack, acpica:do_unpack',
      '',
    ]);
    expect(lines.length).toBeLessThan(45);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  it('says that nothing changes', () => {
    expect(textLines(report(NOTHING)).slice(-2)).toEqual(['qemux86-64, universe', '  no hash changes']);
  });

  it('lets no name steer the terminal', () => {
    const text = textLines(harmfulReport()).join('');
    expect(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/.test(text)).toBe(false);
  });
});

describe('a report as Markdown', () => {
  it('starts with size, cost and cause', () => {
    expect(markdownReport(report()).split('\n').slice(0, 12)).toEqual([
      '### What this changes in sstate',
      '',
      '#### qemux86-64, universe',
      '',
      '- **20,114 of 35,242 taskhashes change, 2 new, 1 gone, in 1,913 recipes**',
      '- 1,900 of 73,852 basehashes change, in 950 recipes',
      '- 2,700 sstate objects would no longer be used \\(2,600 local, 100 on mirrors\\)',
      '',
      '| root cause | reaches | sstate objects lost |',
      '|---|---|---:|',
      '| <code>meta/classes-global/base.bbclass&#58;123-125</code><br>do\\_unpack edited | 1,900 basehashes in 950 recipes, 20,114 taskhashes in 1,913 recipes | 2,700 |',
      '',
    ]);
  });

  it('fits into a comment however much there is', () => {
    const long = 'x'.repeat(300);
    const recipes = Array.from({ length: 2_000 }, (_, at) => recipe(`${long}${at}`, [long, long], 3));
    for (const text of [report(), report({ causes: MANY }), report({ causes: MANY, recipes })].map(
      markdownReport,
    )) {
      expect(text.length).toBeLessThanOrEqual(65_000);
      expect(text.split('<details>').length).toBe(text.split('</details>').length);
    }
  });

  it('takes names as text', () => {
    const text = markdownReport(harmfulReport());
    expect(text).not.toContain('<script');
    expect(text).not.toContain('@everyone');
    expect(text).not.toContain('](');
    expect(text).not.toContain('https://');
    expect(text).not.toMatch(/^# /m);
    for (const row of text.split('\n').filter((line) => line.startsWith('| <code>meta')))
      expect(row.split(/(?<!\\)\|/).length).toBe(5);
  });
});

describe('a report as a page', () => {
  it('allows itself nothing but its own style', () => {
    const page = htmlReport(report());
    expect(page).toMatch(
      /content="default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'"/,
    );
    expect(page).not.toMatch(/<script|<img|<link|\bon\w+=|\bhref=|\bsrc=/);
  });

  it('takes names as text', () => {
    const page = htmlReport(harmfulReport());
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(/[\u0000-\u0009\u000b-\u001f\u202e]/.test(page)).toBe(false);
  });
});

describe('a report as SARIF', () => {
  it('has a result for each root cause, at its lines where these are there', () => {
    const removed = cause({ side: 'base', lines: [7, 9], subject: 'A', action: 'removed' });
    const log: Log = sarifReport(report({ causes: [cause(), removed] }));
    expect(log.version).toBe('2.1.0');
    const [run] = log.runs;
    expect(
      run!.results!.map(({ ruleId, ruleIndex, message, locations }) => [
        run!.tool.driver.rules![ruleIndex!]!.id === ruleId,
        message.text,
        locations![0]!.physicalLocation,
      ]),
    ).toEqual([
      [
        true,
        'do_unpack edited: 1,900 basehashes in 950 recipes, 20,114 taskhashes in 1,913 recipes (first acl:do_unpack, acl-native:do_unpack, acpica:do_unpack), for qemux86-64; 2,700 sstate objects would no longer be used (2,600 local, 100 on mirrors)',
        {
          artifactLocation: { uri: 'meta/classes-global/base.bbclass', uriBaseId: '%SRCROOT%' },
          region: { startLine: 123, endLine: 125 },
        },
      ],
      [
        true,
        expect.stringMatching(/^meta\/classes-global\/base.bbclass:7-9: A removed: /),
        { artifactLocation: { uri: 'meta/classes-global/base.bbclass', uriBaseId: '%SRCROOT%' } },
      ],
    ]);
  });

  it('tells findings apart by what they are, not by their lines', () => {
    const fingerprints = (at: number) =>
      sarifReport(
        report({ causes: [cause({ lines: [at, at] }), cause({ subject: 'B' })] }),
      ).runs[0]!.results!.map(({ partialFingerprints }) => partialFingerprints!['cause/v1']);
    expect(fingerprints(1)).toEqual(fingerprints(2));
    expect(new Set(fingerprints(1)).size).toBe(2);
  });

  it('escapes what is not to be in a URI', () => {
    const [result] = sarifReport(harmfulReport()).runs[0]!.results!;
    expect(result!.locations![0]!.physicalLocation!.artifactLocation!.uri).toMatch(/^meta\/[\w%.!'()*~-]+/);
  });
});

describe('a report as JSON', () => {
  it('is described by its schema', () => {
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(SCHEMA);
    for (const made of [report(), harmfulReport(), report(NOTHING), report({ causes: MANY })]) {
      validate(made);
      expect(validate.errors).toBeNull();
    }
    validate({ ...report(), version: 2 });
    expect(validate.errors).not.toBeNull();
  });
});
