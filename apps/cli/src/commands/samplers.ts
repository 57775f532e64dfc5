import { samplers, type Sampler } from '@onestep/sampling';
import type { Command } from 'commander';
import { describeKind, samplerOptionKinds } from '../compose/sampler-options';
import { UsageError } from '../errors';
import { formatFacts } from '../output/facts';
import { table } from '../output/format';
import { createOutput } from '../output/output';

/** What is listed of a sampler. */
interface SamplerFacts {
  readonly name: string;
  /** What it evaluates; jump models are sampled by those for consistency functions too. */
  readonly accepts: Sampler['accepts'];
  /** Of convergence; 0 where there is no ODE to converge to. */
  readonly order: number;
  readonly stochastic: Sampler['stochastic'];
  /** Network calls for N steps. */
  readonly nfe: string;
  readonly options: Readonly<Record<string, string>>;
}

/** `onestep samplers [NAME]`: what `onestep sample --sampler` takes. */
export function addSamplers(program: Command): void {
  program
    .command('samplers')
    .description('list the samplers, or the options of one')
    .argument('[name]', 'one of them')
    .option('--json', 'print the result as JSON', false)
    .action((name: string | undefined, { json }: { readonly json: boolean }) => {
      const output = createOutput({ json });
      const all = Object.values<Sampler>(samplers).map(factsOf);
      if (name === undefined) {
        const groups = (['consistency', 'jump', 'denoiser'] as const).flatMap((kind) =>
          all.filter(({ accepts }) => accepts === kind),
        );
        output.result(groups, [
          ...table([
            ['sampler', 'evaluates', 'order', 'noise', 'NFE, N steps'],
            ...groups.map((facts) => [facts.name, facts.accepts, orderText(facts), noiseText(facts), facts.nfe]),
          ]),
          '',
          'Jump models are sampled by those for consistency functions too.',
          'Options of one: onestep samplers NAME.',
        ]);
        return;
      }
      const facts = all.find((one) => one.name === name);
      if (facts === undefined) {
        throw new UsageError(`No sampler is named "${name}", known are ${all.map((one) => one.name).join(', ')}.`);
      }
      const options = Object.entries(facts.options);
      output.result(
        facts,
        formatFacts([
          ['sampler', facts.name],
          ['evaluates', facts.accepts],
          ['order', orderText(facts)],
          ['noise', noiseText(facts)],
          ['NFE', `${facts.nfe} for N steps`],
          ...(options.length === 0
            ? [['options', 'none'] as const]
            : options.map(([key, kind]) => ['options', `${key}=${kind}`] as const)),
        ]),
      );
    });
}

function factsOf(sampler: Sampler): SamplerFacts {
  const { name, accepts, order, stochastic } = sampler;
  const options = Object.entries(samplerOptionKinds(name)).map(([key, kind]) => [key, describeKind(kind)] as const);
  return { name, accepts, order, stochastic, nfe: nfeFormula(sampler), options: Object.fromEntries(options) };
}

const orderText = ({ order }: SamplerFacts): string => (order === 0 ? '-' : String(order));
const noiseText = ({ stochastic }: SamplerFacts): string =>
  ({ never: 'none', optional: 'by option', always: 'always' })[stochastic];

/** a N + b, from the counts for two lists of levels as `onestep sample --steps N` makes them. */
function nfeFormula(sampler: Sampler): string {
  const { accepts, finalZero } = sampler;
  const calls = (steps: number): number | undefined => {
    const count = accepts === 'consistency' ? steps : steps + 1;
    const sigmas = Array.from({ length: count }, (_, i) => (finalZero === 'expected' ? count - 1 - i : count - i));
    return sampler.nfe({ sigmas });
  };
  const [four, eight] = [calls(4), calls(8)];
  if (four === undefined || eight === undefined) return 'as needed';
  const slope = (eight - four) / 4;
  const rest = four - 4 * slope;
  const linear = slope === 0 ? '' : slope === 1 ? 'N' : `${slope} N`;
  if (linear === '') return String(rest);
  return rest === 0 ? linear : `${linear} ${rest < 0 ? '-' : '+'} ${Math.abs(rest)}`;
}
