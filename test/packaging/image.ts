/**
 * The image built from the Dockerfile, and processes run from it with what its own configuration says (user, environment, entry point).
 * Owns the store it is built in, given by `SLUICE_CONTAINER`, and what it leaves there; needs root.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RUNNER = fileURLToPath(new URL('run-image.sh', import.meta.url));
const NAME = 'localhost/sluice:check';

export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Volumes: Readonly<Record<string, object>>;
  readonly Labels: Readonly<Record<string, string>>;
  readonly StopSignal: string;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

export class Image {
  readonly config: ImageConfig;
  /** The image's files on this machine. */
  readonly root: string;
  readonly #buildah: Buildah;
  readonly #container: string;

  private constructor(buildah: Buildah, container: string, root: string, config: ImageConfig) {
    this.#buildah = buildah;
    this.#container = container;
    this.root = root;
    this.config = config;
  }

  static async build(): Promise<Image> {
    const [store = '', base = ''] = (process.env['SLUICE_CONTAINER'] ?? '').split(' ');
    if (base === '') throw new Error('SLUICE_CONTAINER is not set: .ci/provision/container.sh prints it');
    const buildah: Buildah = async (...args) => {
      const { stdout } = await run('buildah', ['--root', `${store}/root`, '--runroot', `${store}/run`, ...args], {
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout.trim();
    };
    const cache = (await run('npm', ['config', 'get', 'cache'])).stdout.trim();
    const options = ['--isolation', 'chroot', '--format', 'docker', '--build-arg', `NODE_IMAGE=${base}`];
    await buildah('build', ...options, '--volume', `${cache}:/root/.npm`, '-t', NAME, ROOT);
    const container = await buildah('from', NAME);
    const inspected = JSON.parse(await buildah('inspect', '--type', 'image', NAME)) as {
      readonly Docker: { readonly config: ImageConfig };
    };
    return new Image(buildah, container, await buildah('mount', container), inspected.Docker.config);
  }

  /** The entry point with these arguments instead of the image's own, or another program of it. */
  start(
    volume: string,
    options: {
      readonly args?: readonly string[];
      readonly env?: readonly string[];
      readonly program?: readonly string[];
    } = {},
  ): Container {
    const { config } = this;
    const program = options.program ?? [...config.Entrypoint, ...(options.args ?? config.Cmd)];
    const args = [this.root, volume, config.User, ...config.Env, ...(options.env ?? []), ...program];
    return new Container(spawn(RUNNER, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async remove(): Promise<void> {
    await this.#buildah('rm', this.#container);
    await this.#buildah('rmi', NAME);
  }
}

type Buildah = (...args: readonly string[]) => Promise<string>;

export class Container {
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** Process 1 of the container, as this machine numbers it. */
  async pid(): Promise<number> {
    const { pid = 0 } = this.#child;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return Number(children.trim().split(' ')[0]);
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    process.kill(await this.pid(), name);
  }

  async exit(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close');
    return this.#child.exitCode;
  }

  /** Ends it if it still runs: process 1 itself, as a change of user frees it of its parent's end. */
  async kill(): Promise<void> {
    const running = await this.pid().catch(() => 0);
    if (running > 0) process.kill(running, 'SIGKILL');
    else this.#child.kill('SIGKILL');
    await this.exit();
  }
}
