import { Option, type Command } from 'commander';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { backendOption, noCompileOption, startEngine, type EngineFlags } from '../compose/engine';
import { exportKinds, exportModel, generatorOf, type ExportKind } from '../compose/export-model';
import { findModel } from '../compose/find-model';
import { formatBytes } from '../output/format';
import { createOutput } from '../output/output';

interface ExportFlags extends EngineFlags {
  readonly what?: ExportKind;
  readonly weights?: string;
  readonly out: string;
  readonly json: boolean;
}

/** `onestep export MODEL`: one file that other runtimes run, checked after writing. */
export function addExport(program: Command): void {
  program
    .command('export')
    .description('write a model as ONNX, for Node, browsers and Python, and check it')
    .argument('<model>', 'a run, a checkpoint, or a .safetensors file')
    .addOption(new Option('--format <name>', 'file format').choices(['onnx']).default('onnx'))
    .addOption(
      new Option(
        '--what <name>',
        'noise to image in one call, or D(x, sigma) (default: generator where there is one)',
      ).choices([...exportKinds]),
    )
    .option('--weights <name>', 'which weights of a run: an average by name, or student')
    .option('--out <file>', 'where to write', 'model.onnx')
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print the result as JSON', false)
    .action(async (place: string, flags: ExportFlags) => {
      const output = createOutput(flags);
      await startEngine({ ...flags, compile: false }, output);
      const found = await findModel(place, flags.weights);
      const kind = flags.what ?? (generatorOf(found.model) === undefined ? 'denoiser' : 'generator');
      const { bytes, inputs, metadata, maxError } = await exportModel(found, kind);
      await mkdir(dirname(flags.out), { recursive: true });
      await writeFile(flags.out, bytes);
      output.result({ file: flags.out, model: found.path, kind, bytes: bytes.length, inputs, metadata, maxError }, [
        `${kind}: ${formatBytes(bytes.length)}, opset 18, any batch size`,
        ...Object.entries(inputs).map(([name, what]) => `  ${name.padEnd(8)} ${what}`),
        maxError === undefined
          ? 'Not run after writing: onnxruntime-node is not installed.'
          : `Run after writing: differs from the model by at most ${maxError.toExponential(1)}`,
        `Written to ${flags.out}`,
      ]);
    });
}
