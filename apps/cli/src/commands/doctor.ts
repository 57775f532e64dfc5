import {
  backendNames,
  checkGradients,
  describeBackends,
  measureGflops,
  type BackendDescription,
  type BackendName,
  type GradientCheck,
  type Throughput,
} from '@onestep/tensor';
import { Option, type Command } from 'commander';
import { availableParallelism, totalmem } from 'node:os';
import { exitCodes, messageOf } from '../errors';
import { formatBytes, table } from '../output/format';
import { createOutput } from '../output/output';
import { version } from '../version';

/** What was found out about one backend. */
interface Diagnosis extends BackendDescription {
  readonly gradients?: readonly GradientCheck[];
  readonly throughput?: Throughput;
  /** Why an available backend could not be measured. */
  readonly problem?: string;
}

/** `onestep doctor`: which backends work on this machine, whether their gradients are right, and how fast they are. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check the backends of this machine: availability, gradients, speed')
    .addOption(new Option('--backend <name>', 'only this one').choices([...backendNames]))
    .option('--json', 'print the result as JSON', false)
    .action(async (flags: { readonly backend?: BackendName; readonly json: boolean }) => {
      const output = createOutput(flags);
      const known = await describeBackends();
      const chosen = known.filter(({ name }) => flags.backend === undefined || name === flags.backend);
      const diagnoses: Diagnosis[] = [];
      for (const description of chosen) diagnoses.push(await diagnose(description));

      const machine = {
        onestep: version,
        node: process.version,
        platform: `${process.platform}-${process.arch}`,
        cores: availableParallelism(),
        memoryBytes: totalmem(),
      };
      const healthy = diagnoses.some(({ gradients }) => gradients?.every(({ passed }) => passed) === true);
      output.result({ machine, backends: diagnoses, healthy }, report(machine, diagnoses));
      if (!healthy) process.exitCode = exitCodes.failed;
    });
}

async function diagnose(description: BackendDescription): Promise<Diagnosis> {
  if (!description.available) return description;
  try {
    const gradients = await checkGradients(description.name);
    // Plain JavaScript takes a minute for what the others do in a second, and nobody trains on it.
    const size = description.name === 'cpu' ? { size: 4, batch: 1, runs: 3 } : {};
    return { ...description, gradients, throughput: await measureGflops(description.name, size) };
  } catch (error) {
    return { ...description, problem: messageOf(error) };
  }
}

function report(
  machine: { onestep: string; node: string; platform: string; cores: number; memoryBytes: number },
  diagnoses: readonly Diagnosis[],
): string[] {
  const { onestep, node, platform, cores, memoryBytes } = machine;
  const rows = diagnoses.map(({ name, available, gradients, throughput, problem }) => [
    name,
    available ? (problem === undefined ? 'yes' : 'fails') : 'no',
    gradients === undefined ? '-' : `${gradients.filter(({ passed }) => passed).length}/${gradients.length} right`,
    ...[throughput?.convolution, throughput?.convolutionGradients, throughput?.matMul].map((x) => x?.toFixed(1) ?? '-'),
  ]);
  const remarks = diagnoses.flatMap(({ name, reason, command, problem, gradients }) => [
    ...(reason === undefined ? [] : [`${name}: ${reason}${command === undefined ? '' : `. Add it with: ${command}`}`]),
    ...(problem === undefined ? [] : [`${name}: ${problem}`]),
    ...(gradients ?? [])
      .filter(({ passed }) => !passed)
      .map(
        ({ operation, maxError, problem: why }) =>
          `${name}: gradient of ${operation} is off by ${maxError}${why ? ` (${why})` : ''}`,
      ),
  ]);
  return [
    `onestep ${onestep}, Node ${node}, ${platform}, ${cores} cores, ${formatBytes(memoryBytes)}`,
    '',
    ...table([['backend', 'here', 'gradients', 'conv GFLOP/s', 'conv grads', 'matMul'], ...rows]),
    ...(remarks.length === 0 ? [] : ['', ...remarks]),
  ];
}
