/** Servers at fault, over LSP: the answer is that it is unknown, and why, once; the editor goes on meanwhile. */
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { serveRequests, serveSockets } from '../sstate/servers.ts';
import { APP, ObjectEditor } from './objects.ts';

interface Found {
  readonly tasks: { task: string; verdict: string; reason?: string }[];
  readonly problems: string[];
}

describe('for the editor, a hash equivalence server', { timeout: 240_000 }, () => {
  const own = new ObjectEditor();
  const ask = (more: object) => own.ask<Found>('sstate', more);

  async function startWith(each: (socket: Socket) => void): Promise<string> {
    const server = await serveSockets(each);
    own.servers.push(server);
    await own.start([
      'BB_SIGNATURE_HANDLER = "TestEquivHash"',
      'PERSISTENT_DIR = "${TOPDIR}/cache"',
      `BB_HASHSERVE = "${server.host}"`,
    ]);
    return server.host;
  }

  it.each<[string, (socket: Socket) => void, string]>([
    [
      'that talks nonsense',
      (socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\n\n')),
      'answers with what is no unihash: look at what listens there',
    ],
    [
      'that closes in the middle of an answer',
      (socket) => socket.once('data', () => socket.end('{"get-st')),
      'does not answer: ',
    ],
  ])('%s leaves unknown what it alone could say', async (_, each, why) => {
    const host = await startWith(each);
    // Nobody has asked it for anything yet.
    const unasked = await ask({});
    expect(unasked.tasks.find(({ task }) => task === 'app:do_package')).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('was not asked, as servers are left out here') as string,
    });
    const found = await ask({ servers: true });
    expect(found.problems).toHaveLength(1);
    expect(found.problems[0]).toContain(`error: the hash equivalence server ${host} (BB_HASHSERVE) ${why}`);
    expect(found.tasks.find(({ task }) => task === 'app:do_package')).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining(`${host} (BB_HASHSERVE) ${why}`) as string,
    });
    expect(await own.editor.hover(APP, 'do_package', 3)).toContain('sstate: unknown, because ');
  });

  it('that hangs is given up when the user has had enough, and nothing else waits for it', async () => {
    let connections = 0;
    await startWith(() => connections++);
    const answered: string[] = [];
    await ask({});
    const asking = ask({ servers: true, seconds: 100 }).then(
      () => answered.push('objects'),
      (error: Error) => answered.push(error.message),
    );
    await own.editor.until(
      () => connections,
      (count) => count > 0,
    );
    expect(await own.editor.hover(APP, 'do_package', 3)).toContain('### do_package');
    answered.push('hover');
    const started = performance.now();
    await own.editor.cancelProgress();
    await asking;
    expect(answered).toEqual(['hover', 'the objects of app were not looked for: that was cancelled']);
    // The server alone would be waited for 15 s, line after line.
    expect(performance.now() - started).toBeLessThan(10_000);
    await own.editor.replace(APP, 'true', 'false');
    expect(await own.editor.hover(APP, 'do_package', 3)).toContain('→');
  });
});

describe('for the editor, a mirror that fails', { timeout: 240_000 }, () => {
  const own = new ObjectEditor();

  it('is told of once, however often objects are looked for', async () => {
    let requests = 0;
    const server = await serveRequests((_, response) => {
      requests++;
      response.statusCode = 500;
      response.end();
    });
    own.servers.push(server);
    const mirrors = `SSTATE_MIRRORS = "file://.* http://${server.host}/PATH"`;
    await own.start([mirrors], { objects: 'servers', taskGraph: 'background' });
    const said = () =>
      own.editor.logged.filter((line) => line.includes(`${server.host} answers with status 500`));
    expect(await own.editor.until(said, (lines) => lines.length > 0)).toHaveLength(1);
    for (const [old, text] of [
      ['true', 'false'],
      ['false', ': again'],
    ] as const) {
      const before = requests;
      await own.editor.replace(APP, old, text);
      await own.editor.until(
        () => own.editor.lenses(APP),
        (lenses) => lenses.some((lens) => lens.includes('sstate: local')),
      );
      // A mirror that has failed rests for a while.
      expect(requests - before).toBeLessThan(20);
    }
    expect(said()).toHaveLength(1);
  });
});
