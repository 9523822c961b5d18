/** An editor over a workspace whose objects are files that a test lays (`test/data/fixtures/sstate/used.txt`). */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { materialise, readScenario, type Workspace } from '../harness/fixture.ts';
import type { TestServer } from '../sstate/servers.ts';
import { Editor } from './client.ts';
import { bundledCommand } from './command.ts';

export const SCENARIO = 'sstate/used';
export const APP = 'layer/recipes/app_1.0.bb';
export const LIB = 'layer/recipes/lib_1.0.bb';

/** Of one test. */
export class ObjectEditor {
  workspace!: Workspace;
  editor!: Editor;
  /** Closed with the test. */
  readonly servers: TestServer[] = [];

  /** In the test file that is being read. */
  constructor() {
    afterEach(async () => {
      this.editor.kill();
      this.workspace.dispose();
      for (const server of this.servers.splice(0)) await server.close();
    });
  }

  /** Opens the recipe `app`. @param configuration lines of local.conf */
  async start(configuration: readonly string[] = [], settings: object = { objects: 'off' }): Promise<void> {
    this.workspace = materialise(readScenario(SCENARIO));
    writeFileSync(
      join(this.workspace.root, APP),
      'DEPENDS = "lib"\ndo_package:append() {\n    true\n}\naddtask package\n',
    );
    appendFileSync(join(this.workspace.buildDir, 'conf/local.conf'), `${configuration.join('\n')}\n`);
    this.editor = new Editor(this.workspace.root, { command: await bundledCommand(), refreshes: true });
    await this.editor.initialize({ buildDirectory: 'build', ...settings });
    await this.editor.open(APP);
  }

  ask<T>(method: string, more: object = {}): Promise<T> {
    return this.editor.request<T>(`sstateLens/${method}`, {
      textDocument: { uri: this.editor.uri(APP) },
      ...more,
    });
  }
}
