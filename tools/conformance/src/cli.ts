import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineCommand, parseArgs, renderUsage, type ArgsDef } from 'citty';
import { useBackend } from '@onestep/tensor';
import { reportJson, reportLine, totalLine } from './report';
import { runConformance } from './run-conformance';

const args = {
  golden: { type: 'string', description: 'Folder with golden cases', valueHint: 'DIR' },
  backend: { type: 'enum', options: ['wasm', 'cpu'], default: 'wasm', description: 'Where tensors are computed' },
  filter: { type: 'string', description: 'Only cases whose name contains this text', valueHint: 'text' },
  json: { type: 'boolean', default: false, description: 'One JSON object in place of lines' },
  help: { type: 'boolean', default: false, alias: 'h', description: 'Print this' },
} as const satisfies ArgsDef;

const command = defineCommand({
  meta: { name: 'conformance', description: 'Runs a folder of golden cases through the built packages.' },
  args,
});

/** Where the command writes. */
export interface CliOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Runs the command; the result is the exit code: 0 no failure, 1 a failure, 2 bad usage. */
export async function runCli(rawArgs: string[], { out, err }: CliOutput): Promise<number> {
  const refuse = (problem: string): number => {
    err(`conformance: ${problem}\n`);
    return 2;
  };
  const known = new Set(Object.keys(args));
  const unknown = rawArgs.find((arg) => arg.startsWith('--') && !known.has(arg.slice(2).split('=')[0]));
  if (unknown !== undefined) return refuse(`unknown option ${unknown}. Run with --help for the list.`);
  let options;
  try {
    options = parseArgs<typeof args>(rawArgs, args);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  if (options.help) {
    out(`${await renderUsage(command)}\n`);
    return 0;
  }
  if (!options.golden) return refuse('no folder is given. Pass --golden DIR.');
  const folder = resolve(options.golden);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return refuse(`--golden: no folder at "${options.golden}".`);
  }
  await useBackend(options.backend);
  const report = await runConformance({
    folder,
    filter: options.filter,
    onResult: options.json ? undefined : (result) => out(`${reportLine(result)}\n`),
  });
  out(`${options.json ? reportJson(report) : totalLine(report)}\n`);
  if (report.results.length === 0) return refuse('no case matches.');
  return report.failed > 0 ? 1 : 0;
}
