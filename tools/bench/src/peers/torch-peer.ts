import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { peerFolder } from '../peer-folder';

/** One answer of the peer, without `id` and `ok`. */
export type PeerAnswer = Readonly<Record<string, unknown>>;

/** How the peer computes. */
export interface TorchPeerOptions {
  readonly python: string;
  /** Threads of one operator on a CPU. */
  readonly threads: number;
  /** `cpu` or `cuda`. */
  readonly device: string;
}

interface Waiting {
  readonly resolve: (answer: PeerAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** PyTorch in a process of its own, asked line by line; it does nothing while nobody asks. */
export class TorchPeer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #errors = '';

  private constructor(python: string) {
    this.#child = spawn(python, ['-B', '-u', join(peerFolder, 'torch_peer.py')], { stdio: 'pipe' });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#receive(line));
    this.#child.stderr.on('data', (data: Buffer) => {
      this.#errors = (this.#errors + data.toString()).slice(-2000);
    });
    this.#child.stdin.on('error', () => undefined);
    this.#child.on('error', (error) => this.#fail(`did not start (${error.message})`));
    this.#child.on('exit', (code) => this.#fail(`ended with code ${code ?? 'none'}: ${this.#errors.trim()}`));
  }

  /** Starts the peer and waits until it is ready; the second part of the result describes it in one line. */
  static async start({ python, threads, device }: TorchPeerOptions): Promise<[TorchPeer, string]> {
    const peer = new TorchPeer(python);
    const hello = await peer.ask('hello', { threads, device });
    const what = device === 'cpu' ? `${String(hello.threads)} threads` : String(hello.device);
    const blas = device === 'cpu' && hello.blas !== '' ? `, matrix products by ${String(hello.blas)}` : '';
    return [peer, `PyTorch ${String(hello.version)}, ${what}${blas}`];
  }

  /**
   * Sends one request and waits for its answer.
   *
   * @throws Error if the peer reports one or has ended
   */
  ask(op: string, fields: Readonly<Record<string, unknown>> = {}): Promise<PeerAnswer> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null) {
        reject(new Error('torch peer: it has ended.'));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, op, ...fields })}\n`);
    });
  }

  /** Asks for a time in milliseconds. */
  async time(op: string, fields: Readonly<Record<string, unknown>>): Promise<number> {
    return Number((await this.ask(op, fields)).ms);
  }

  /** Ends the process. */
  stop(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }

  #receive(line: string): void {
    const { id, ok, error, ...answer } = JSON.parse(line) as { id: number; ok: boolean; error?: string };
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (ok) waiting?.resolve(answer);
    else waiting?.reject(new Error(`torch peer: ${error ?? 'unknown error'}`));
  }

  #fail(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`torch peer: it ${reason}`));
    this.#waiting.clear();
  }
}
