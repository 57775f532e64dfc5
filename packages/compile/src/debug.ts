import { dumpGraph } from './graph/dump';
import type { Graph } from './graph/node';
import { nodesOf } from './graph/order';
import type { Lowered } from './lower/lower';

/** The namespace under which compilations are reported; `DEBUG=onestep:*` and `DEBUG=*` include it. */
const namespace = 'onestep:compile';

/** Told after each pass of the optimizer what it made. */
export type PassListener = (pass: string, result: Graph) => void;

/** Told what one compilation has come to; every call says how long it took since the one before. */
export interface CompilationLog {
  readonly traced: (graph: Graph) => void;
  readonly passed: PassListener;
  readonly lowered: (graph: Graph, model: Lowered) => void;
  readonly opened: () => void;
}

/** The part of a runtime that is asked for; a browser has none of it. */
interface Runtime {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly stderr?: { write(text: string): unknown };
  };
}

/**
 * Reports a compilation on standard error if the variable DEBUG asks for it: the graph as traced, the number of nodes
 * after every pass, the graph as it is lowered, the size of the model, and times.
 *
 * @param subject - what is compiled, for people
 * @returns what to tell, undefined if nobody asks
 */
export function compilationLog(subject: string): CompilationLog | undefined {
  const { process } = globalThis as Runtime;
  const stderr = process?.stderr;
  if (stderr === undefined || !isWanted(process?.env?.DEBUG)) return undefined;
  let last = performance.now();
  const say = (text: string): void => {
    const now = performance.now();
    stderr.write(`${namespace} ${subject}: ${text} (${(now - last).toFixed(1)} ms)\n`);
    // Printing a graph takes its time, which is not that of the next stage.
    last = performance.now();
  };
  const show = (title: string, graph: Graph): void => {
    stderr.write(`${namespace} ${subject}: ${title}\n${dumpGraph(graph)}\n`);
    last = performance.now();
  };
  return {
    traced(graph) {
      say(`traced ${nodesOf(graph).length} nodes`);
      show('the graph as traced', graph);
    },
    passed: (pass, result) => say(`${nodesOf(result).length} nodes after ${pass}`),
    lowered(graph, { nodes, constants, bytes }) {
      say(`lowered to ${nodes} operators and ${constants} constants, ${bytes.length} bytes`);
      show('the graph as lowered', graph);
    },
    opened: () => say('opened the session'),
  };
}

/** True if one of the patterns, separated by commas or spaces, names the namespace. */
function isWanted(patterns = ''): boolean {
  return patterns.split(/[\s,]+/).some((pattern) => [namespace, 'onestep:*', '*'].includes(pattern));
}
