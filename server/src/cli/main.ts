/**
 * Entry point of the command `sstate-lens`.
 */
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { compare, type CompareOptions } from './compare.ts';
import { demo } from './demo.ts';
import { explain, type ExplainOptions } from './explain.ts';
import { graph, type GraphCommandOptions } from './graph.ts';
import { impact, type ImpactOptions } from './impact.ts';
import { Interruption } from './interruption.ts';
import { CommandError, EXIT, type ExitCode, streamOutput } from './output.ts';
import { sig, type SigOptions } from './sig.ts';
import { sstate, type SstateOptions } from './sstate.ts';
import { verify, type VerifyOptions } from './verify.ts';
import { serveLanguage } from '../lsp/server.ts';
import { version } from '../../../package.json';

// Whoever reads may have seen enough (`| head`): that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.done);
});

const interruption = new Interruption(streamOutput());
const { output, signal } = interruption;
let exitCode: ExitCode = EXIT.done;

const BUILD_DIR_FLAG = '--build-dir <dir>';
const BUILD_DIR_TEXT = 'build directory, with conf/bblayers.conf (default: found from here)';

function buildOptions(command: Command): Command {
  return command
    .option(BUILD_DIR_FLAG, BUILD_DIR_TEXT)
    .option('--bitbake <dir>', "BitBake's checkout (default: found beside the layers or in PATH)")
    .option('--no-cache', 'keep nothing for the next start, and take nothing from an earlier one');
}

/** An option that may be given several times. */
function collected(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value];
}

function program(): Command {
  const root = new Command('sstate-lens')
    .description("BitBake's task signatures without running BitBake")
    .version(version, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 the answer is "no" (a mismatch, an unknown hash), 2 bad input or environment,\n130 cancelled with Ctrl-C.\nProgress and messages go to stderr.',
    );
  root.hook('preAction', (_, command) => {
    // An editor ends its language server, the terminal does not.
    if (command.name() !== 'server') interruption.listen();
  });
  buildOptions(root.command('sig [target...]'))
    .description('print the hash of every task of recipes')
    .addOption(
      new Option(
        '--hash <hash>',
        'which hash: taskhash is that of targets, for which every recipe is evaluated',
      )
        .choices(['basehash', 'taskhash'])
        .default('basehash'),
    )
    .option('--closure', 'with --hash taskhash: of everything that runs for the targets')
    .option(
      '--offline',
      'with --hash taskhash: ask no hash equivalence server; what only a server would know is unknown',
    )
    .option('--all', 'every recipe of the configuration')
    .option(
      '--advice',
      'also say what is doubtful about the hashes: paths in them, variables that are not seen',
    )
    .option(
      '--check-stability',
      'also say which hashes change from parse to parse (clock, process, random numbers)',
    )
    .addOption(
      new Option('--format <format>', 'how to print').choices(['text', 'tsv', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      "\nExamples:\n  sstate-lens sig zlib --build-dir build\n  sstate-lens sig zlib-native busybox --format tsv\n  sstate-lens sig --all --format tsv > hashes.tsv\n  sstate-lens sig --hash taskhash core-image-minimal --closure --format tsv\n  sstate-lens sig my-recipe --advice --check-stability\n\ntsv columns: virtual file name, PN, task, hash. A skipped recipe is a line `# skipped`, virtual file name, PN,\nBitBake's reason; what is unknown is said on stderr.",
    )
    .action(async (targets: string[], options: SigOptions) => {
      exitCode = await sig(targets, { ...options, signal }, output);
    });
  buildOptions(root.command('graph <target...>'))
    .description('print the tasks that run for targets, and what each depends on, as bitbake -g does')
    .option('-c, --cmd <task>', 'the task of targets that name none (default: BB_DEFAULT_TASK, else build)')
    .option('--reverse', 'what depends on the tasks of the targets, directly or not, instead')
    .option('--in <target...>', 'with --reverse: the targets in whose graph to look (default: world)')
    .option('--runall <task...>', 'these tasks of every recipe in the graph')
    .option('--runonly <task...>', 'of the graph only these tasks, and what they depend on')
    .addOption(
      new Option('--format <format>', 'how to print').choices(['text', 'dot', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      '\nTargets are those of bitbake: zlib, zlib:do_fetch, mc:NAME:zlib, virtual/kernel, world, universe. dot is what\nbitbake -g writes to task-depends.dot.\n\nExamples:\n  sstate-lens graph core-image-minimal --format dot > task-depends.dot\n  sstate-lens graph zlib:do_compile\n  sstate-lens graph zlib:do_install --reverse --in core-image-minimal',
    )
    .action(async (targets: string[], options: GraphCommandOptions) => {
      exitCode = await graph(targets, { ...options, signal }, output);
    });
  buildOptions(root.command('sstate <target...>'))
    .description(
      'print which sstate objects are there for targets, and what the next build would do with them',
    )
    .option('--list', 'every task: verdict, outcome, task, and the file of its object')
    .option('--missing', 'only the tasks whose object is wanted and not there, or not known to be')
    .option(
      '--why-missing',
      'of one task (zlib:do_package): the nearest object that is there under another hash, and what differs from it',
    )
    .option(
      '--require <percent>',
      "exit with 1 where less of the wanted objects is there: the match of BitBake's line, objects that are unknown counted as missing",
    )
    .option('--offline', 'ask no server; what only a server could have is unknown')
    .option('--no-setscene', 'as bitbake --no-setscene: no object is used')
    .option('--skip-setscene', 'as bitbake --skip-setscene: only objects that are unpacked already count')
    .option('--setscene-only', 'as bitbake --setscene-only: no task runs')
    .option('-n, --dry-run', 'as bitbake -n: nothing that runs leaves a stamp or an object for others')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      "\nThe first line is the one that bitbake prints. Objects are looked for in SSTATE_DIR and on SSTATE_MIRRORS, by the\nrules of the workspace's own sstate class; nothing is written, and nothing downloaded but\nsignature data (.siginfo) with --why-missing, unless --offline. --format json follows\nschemas/sstate.schema.json.\n\nExamples:\n  sstate-lens sstate core-image-minimal\n  sstate-lens sstate core-image-minimal --missing\n  sstate-lens sstate zlib:do_package --list --offline\n  sstate-lens sstate core-image-minimal --require 95\n  sstate-lens sstate zlib:do_package --why-missing",
    )
    .action(async (targets: string[], options: SstateOptions) => {
      exitCode = await sstate(targets, { ...options, signal }, output);
    });
  buildOptions(root.command('impact'))
    .description('print what a change of layers does to hashes: root causes, and what each reaches')
    .option(
      '--base <rev...>',
      'what to compare with: REV, or REPOSITORY=REV (default: where HEAD parted from its upstream branch)',
    )
    .option('--head <rev...>', 'what to review: REV, or REPOSITORY=REV (default: the working tree as it is)')
    .option('--merge-base', 'compare with where the head parted from the base, not with the base itself')
    .option('--patch <file>', 'review patches on the base: a mailbox, mail or diff; - for standard input')
    .option('--target <target...>', 'the targets whose taskhashes count (default: universe)')
    .option('--machine <machine...>', 'review it for each of these machines (default: that of the build)')
    .addOption(
      new Option('--format <format>', 'how to print')
        .choices(['text', 'markdown', 'json', 'sarif', 'html'])
        .default('text'),
    )
    .option('--mirrors', 'ask servers, too, which sstate objects are there (default: local ones only)')
    .option('--fail-over <count>', 'exit with 1 where more taskhashes change than this')
    .option('--fail-on <condition...>', 'exit with 1 where it is so: basehash-of=PN,…')
    .addHelpText(
      'after',
      "\nBoth states are read from git's objects: no work tree, index or branch is touched. Every repository that layers or\nBitBake are checked out of takes part. REV alone counts for the repository that the command is run in, or, run\noutside of all, for every one that has it; those that are not named stay as they are. Without --base, --head and\n--patch, all are compared with their upstream branches, uncommitted and untracked files included.\n\nExamples:\n  sstate-lens impact\n  sstate-lens impact --base origin/main --merge-base --format markdown\n  sstate-lens impact --base HEAD~3 --head HEAD --target core-image-minimal\n  sstate-lens impact --patch series.mbox --machine qemux86-64 qemuarm64\n  sstate-lens impact --base origin/main --fail-over 500 --fail-on basehash-of=gcc-cross-x86_64,glibc",
    )
    .action(async (options: ImpactOptions) => {
      exitCode = await impact(options, output);
    });
  root
    .command('verify')
    .description('compare with hashes that BitBake computed')
    .addOption(
      new Option(
        '--hash <hash>',
        'which hash the table has; of taskhashes: PN, task, basehash, taskhash, dependencies',
      )
        .choices(['basehash', 'taskhash'])
        .default('basehash'),
    )
    .option('--targets <target,...>', 'with --hash taskhash: the targets that the table was recorded for')
    .option(BUILD_DIR_FLAG, BUILD_DIR_TEXT)
    .option(
      '--bitbake [dir]',
      "run your own BitBake in the build directory (bitbake -p) and compare with it; dir: BitBake's checkout",
    )
    .option(
      '--against <file>',
      'compare with a table of recipe, PN, task and hash instead (.tsv or .tsv.zst)',
    )
    .option('--root <dir>', "the OE-Core checkout that the table's recipes are relative to")
    .option('--only <pn,...>', 'only these recipes, with their native and nativesdk variants')
    .option(
      '--sigdata <dir>',
      "where BitBake wrote sigdata files (its build's tmp/stamps), to name the variable that differs from a table",
    )
    .option(
      '--include-path',
      'also rows that depend on where the layers lie: the table was recorded in this place',
    )
    .addHelpText(
      'after',
      '\nBitBake is only run when --bitbake asks for it, as the user who builds; it parses into its own cache and changes\nnothing else, and what it says goes to stderr. With a table, the build directory is ROOT/build unless --build-dir\nnames another.\n\nExamples:\n  sstate-lens verify --bitbake\n  sstate-lens verify --bitbake --build-dir build --only zlib,busybox\n  sstate-lens verify --against wrynose.tsv.zst --root ~/openembedded-core --only zlib,busybox\n  sstate-lens verify --against hashes.tsv --root . --sigdata build/tmp/stamps\n  sstate-lens verify --hash taskhash --against tasks.tsv --root . --targets world,core-image-minimal',
    )
    .action(async (options: VerifyOptions) => {
      exitCode = await verify(options, output);
    });
  buildOptions(root.command('explain <target|file> [task|file]'))
    .description('print what goes into a hash, or why it is another than a recorded one')
    .addOption(
      new Option('--hash <hash>', 'what to explain of a recipe: for taskhash every recipe is evaluated')
        .choices(['basehash', 'taskhash'])
        .default('basehash'),
    )
    .option(
      '--against <file>',
      'compare with signature data that BitBake wrote (.sigdata, .siginfo or .sigbasedata)',
    )
    .option(
      '--sigdata <dir...>',
      "where to look for signature data of other tasks, besides around the files (a build's tmp/stamps, an sstate directory)",
    )
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      '\nOne file is shown as bitbake-dumpsig does; two are compared as bitbake-diffsigs does, every changed dependency\nfollowed down to its root causes. A build directory is only needed to say where values come from.\n\nExamples:\n  sstate-lens explain zlib do_compile\n  sstate-lens explain zlib do_compile --hash taskhash --against tmp/stamps/x86-64-v3-oe-linux/zlib/1.3.do_compile.sigdata.5ce7…\n  sstate-lens explain old.siginfo new.siginfo --sigdata /srv/sstate',
    )
    .action(async (target: string, task: string | undefined, options: ExplainOptions) => {
      exitCode = await explain(
        task === undefined ? [target] : [target, task],
        { ...options, signal },
        output,
      );
    });
  buildOptions(root.command('compare [target...]'))
    .description('say which hashes ought to be the same on two sides and are not, and why')
    .option(
      '--machine <machine>',
      'twice: tasks of recipes that both machines share (allarch, native, the same tune) must be the same',
      collected,
    )
    .option('--without-layer <layer>', "with the layer and without it other layers' tasks must be the same")
    .option('--with-build-dir <dir>', 'the tasks of both build directories must be the same')
    .option(
      '--base <rev>',
      'the tasks of two revisions of layers must be the same (see impact; once for each REPOSITORY=REV), of this one …',
      collected,
    )
    .option('--head <rev>', '… and of this one (default: as it is)', collected)
    .option('--another-place', 'the same files in another place: what has the place in it differs')
    .option('--another-time', 'at another time, in another process, with other random numbers')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      '\nThe tasks compared are those that run for the targets (default: world). What is the same on purpose is not asked\nfor: tasks that do nothing but wait for others, tasks marked nostamp. Nothing is written: another machine or layer is\nassumed, not set.\n\nExit codes: 0 all are the same, 1 some are not or are unknown, 2 bad input or environment.\n\nExamples:\n  sstate-lens compare --machine qemux86-64 --machine genericx86-64\n  sstate-lens compare --machine qemux86-64 --machine qemuarm64 core-image-minimal --format json\n  sstate-lens compare --without-layer meta-own\n  sstate-lens compare --build-dir build --with-build-dir ../release/build zlib\n  sstate-lens compare --base v1.0 --head v2.0 zlib\n  sstate-lens compare --another-place',
    )
    .action(async (targets: string[], options: CompareOptions) => {
      exitCode = await compare(targets, options, output);
    });
  root
    .command('demo')
    .description('show, on the embedded sample workspace, what an edit does to hashes')
    .addHelpText('after', '\nExample:\n  sstate-lens demo')
    .action(async () => {
      exitCode = await demo(output);
    });
  buildOptions(root.command('server'))
    .description('run the language server')
    .option('--cache-dir <dir>', 'where results are kept for the next start (default: below XDG_CACHE_HOME)')
    .option('--stdio', 'speak LSP over standard input and output (the default and only transport)')
    .addHelpText(
      'after',
      '\nExample (Neovim):\n  vim.lsp.start({ name = "sstate-lens", cmd = { "sstate-lens", "server", "--stdio" } })',
    )
    .action((options: { buildDir?: string; bitbake?: string; cache: boolean; cacheDir?: string }) => {
      const { cache, cacheDir, ...others } = options;
      serveLanguage({
        ...others,
        ...(!cache ? { cache } : cacheDir !== undefined && { cache: resolve(cacheDir) }),
      });
    });
  return root;
}

try {
  await program().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) exitCode = error.exitCode === 0 ? EXIT.done : EXIT.bad;
  else {
    output.note(
      `sstate-lens: ${error instanceof CommandError ? error.message : `this is a bug: ${String((error as Error).stack ?? error)}`}`,
    );
    exitCode = EXIT.bad;
  }
}
process.exitCode = exitCode;
// What else is still waiting does so for an answer that nobody wants.
if (signal.aborted) process.exit(EXIT.cancelled);
