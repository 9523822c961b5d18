import { beforeAll, describe, expect, it } from 'vitest';
import { BUILDINFO, HELLO, INC, Sample } from './sample.ts';

let sample: Sample;
beforeAll(async () => {
  sample = await Sample.open();
}, 60_000);

describe('an edit of', () => {
  it("a task's function is told on the lines that differ", () => {
    const seen = sample.view({
      [HELLO]: [['    write_motd\n}', '    write_motd\n    touch x\n    touch y\n}']],
    });
    expect(seen.hashFindings()).toEqual([
      'hello_1.0.bb:18:5-19:12 Changes the basehash of do_install of hello and hello-native',
    ]);
  });

  it('a function that a task calls is told with the chain', () => {
    const seen = sample.view({ [HELLO]: [['echo "${MOTD}"', 'echo "${MOTD}!"']] });
    expect(seen.hashFindings()).toEqual([
      'hello_1.0.bb:11:5-11:45 Changes the basehash of do_install of hello and hello-native\n' +
        'do_install <- write_motd',
    ]);
  });

  it('a variable that a task reaches through a function is told with the chain', () => {
    const seen = sample.view({ [HELLO]: [['MOTD = "', 'MOTD = "-- ']] });
    expect(seen.hashFindings()).toEqual([
      'hello_1.0.bb:7:1-7:38 Changes the basehash of do_install of hello and hello-native\n' +
        'do_install <- write_motd <- MOTD',
    ]);
  });

  it('one variant is told of that variant', () => {
    const seen = sample.view({ [HELLO]: [['ln -s hello', 'ln -sf hello']] });
    expect(seen.hashFindings()).toEqual([
      'hello_1.0.bb:21:5-21:44 Changes the basehash of do_install of hello-native',
    ]);
  });

  it('two statements is told on each, with what each of them does', () => {
    const seen = sample.view({
      [HELLO]: [
        ['MOTD = "', 'MOTD = "-- '],
        ['ln -s hello', 'ln -sf hello'],
      ],
      [INC]: [['-o hello ${S}/hello.c', '-s -o hello ${S}/hello.c']],
    });
    expect(seen.hashFindings()).toEqual([
      'hello_1.0.bb:7:1-7:38 Changes the basehash of do_install of hello and hello-native\n' +
        'do_install <- write_motd <- MOTD',
      'hello_1.0.bb:21:5-21:44 Changes the basehash of do_install of hello-native',
      'hello.inc:15:5-15:45 Changes the basehash of do_compile of hello and hello-native',
    ]);
  });

  it('a flag is told by the flag', () => {
    const seen = sample.view({
      [HELLO]: [['inherit buildinfo', 'inherit buildinfo\ndo_install[umask] = "022"']],
    });
    expect(seen.hashFindings()).toEqual([
      'hello_1.0.bb:4:1-4:26 Changes the basehash of do_install of hello and hello-native\n' +
        'do_install <- do_install[umask]',
    ]);
  });

  it('an override names the variable', () => {
    const seen = sample.view({ [INC]: [['"Hello from the board"', '"Hi from the board"']] });
    expect(seen.hashFindings()[0]).toMatch(
      /^hello\.inc:9:1-9:43 Changes the basehash of do_patch, do_configure, do_compile, do_install, /,
    );
  });

  it('what is taken away is told on what follows', () => {
    const seen = sample.view({ [HELLO]: [['MOTD = "${GREETING}, ${AUDIENCE}!"\n', '']] });
    expect(seen.hashFindings()).toEqual([
      'hello_1.0.bb:8:1-8:15 Changes the basehash of do_install of hello and hello-native\n' +
        'do_install <- write_motd <- MOTD',
    ]);
    const inside = sample.view({ [HELLO]: [['    install -d ${D}${bindir}\n', '']] });
    expect(inside.hashFindings()).toEqual([
      'hello_1.0.bb:15:5-15:46 Changes the basehash of do_install of hello and hello-native',
    ]);
  });

  it('an inherit is told with what the class did', () => {
    const seen = sample.view({
      [HELLO]: [
        ['inherit buildinfo', 'inherit native'],
        ['BBCLASSEXTEND = "native"\n', ''],
      ],
    });
    const [inherit, ...others] = seen.hashFindings();
    expect(inherit).toMatch(/^hello_1\.0\.bb:3:1-3:15 Changes the basehash of .*do_compile.* of hello\n/);
    expect(inherit).toContain('\ndo_compile <- CC <- TARGET_PREFIX');
    expect(others).toEqual([]);
  });

  it('anonymous Python is told with what it set', () => {
    const seen = sample.view({
      [HELLO]: [['inherit buildinfo', "inherit buildinfo\npython () {\n    d.setVar('MOTD', 'x')\n}"]],
    });
    expect(seen.hashFindings()).toEqual([
      'hello_1.0.bb:4:1-6:2 Changes the basehash of do_install of hello and hello-native\n' +
        'do_install <- write_motd <- MOTD',
    ]);
  });

  it('an exported variable is told once, not again for all that name it', () => {
    const seen = sample.view({
      [HELLO]: [
        ['inherit buildinfo', 'inherit buildinfo\nexport SEEN = "1"'],
        ['BBCLASSEXTEND', 'SUMMARY = "other"\n\nBBCLASSEXTEND'],
      ],
    });
    const findings = seen.hashFindings();
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(/^hello_1\.0\.bb:4:1-4:18 Changes the basehash of .*do_install/);
    expect(findings[0]).toContain('\ndo_install <- SEEN');
  });

  it('a list that is only tested for items is told by the tests', () => {
    const seen = sample.view({ [HELLO]: [['DEPENDS =', 'SAMPLE_FEATURES = "sound"\nDEPENDS =']] });
    const [finding, ...others] = seen.hashFindings();
    expect(others).toEqual([]);
    expect(finding).toMatch(/^hello_1\.0\.bb:5:1-5:26 Changes the basehash of /);
    expect(finding).toContain('\ndo_compile <- CFLAGS <- AUDIENCE');
  });

  it('a class is told of the recipe that uses it', () => {
    const seen = sample.view({ [BUILDINFO]: [['lines = []', 'lines = list()']] }, BUILDINFO);
    expect(seen.hashFindings()).toEqual([
      'buildinfo.bbclass:7:5-7:19 Changes the basehash of do_buildinfo of hello\ndo_buildinfo <- buildinfo_lines',
    ]);
  });

  it('a new task is told as one', () => {
    const seen = sample.view({
      [HELLO]: [
        ['inherit buildinfo', 'inherit buildinfo\n\ndo_extra() {\n    :\n}\naddtask extra after do_install'],
      ],
    });
    expect(seen.hashFindings()[0]).toBe(
      'hello_1.0.bb:5:1-7:2 Changes the basehash of do_extra of hello and hello-native',
    );
  });

  it('comments, blank lines and what is in no hash is told nothing of', () => {
    const seen = sample.view({
      [HELLO]: [
        ['inherit buildinfo', '# about\n\ninherit   buildinfo'],
        ['DEPENDS = "libgreet"', 'DEPENDS = "libgreet other"\nS = "${WORKDIR}/x"'],
      ],
    });
    expect(seen.hashFindings()).toEqual([]);
  });
});
