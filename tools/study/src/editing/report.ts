import { markdownTable, short } from '../report/table';
import type { EditingLine, EditingReport } from './study';

const titles = [
  'task',
  'method',
  'calls',
  'agreement',
  'accuracy',
  'FD to originals',
  'FD-LeNet',
  'RMSE',
  'known, levels',
  'class guessed',
];

/**
 * The study as Markdown: table, what its columns mean, sheets.
 *
 * @param pictures - folder of the sheets, as links from the file name it
 */
export function editingMarkdown(report: EditingReport, pictures = '.'): string {
  const { images, lines, notes, sheets } = report;
  const showsGuesses = lines.some(({ guessed }) => guessed !== undefined);
  const width = showsGuesses ? titles.length : titles.length - 1;
  const table = [titles, ...lines.map((line) => cells(line, images))].map((row) => row.slice(0, width));
  return [
    `${report.model}, a ${kindInWords(report.kind)}; the first ${images} test images of ${report.dataset}. Feature network sha256 ${report.weights}.`,
    markdownTable(table),
    [
      'Everything is measured after rounding to 8 bits.',
      '',
      '- **agreement**: share of results that the classifier of FD-LeNet takes for what it takes the original for, with a 95 % interval; **accuracy**: for the true class',
      `- **FD to originals**: Frechet distance of its features to those of these originals; **FD-LeNet**: to all training images. Of ${images} images both are biased upwards; the line of the originals says by how much`,
      '- **RMSE** to the originals in [-1, 1]; several fillings may be right, and their mean has the least',
      '- **known, levels**: largest error of what is known (pixels outside the hole; means of blocks), of 255 levels. Rounding to 8 bits may change a mean by up to half a level',
      '- **calls** of the network per image, without those of guessing a class',
      '- mean fill: the mean of all training images at these pixels; bicubic: cubic of Keys (a = -1/2), clipped; as it is: blocks of equal pixels, noise cut off at black and white',
      ...notes.map((note) => `- ${note}`),
    ].join('\n'),
    ...sheets.map(({ file, rows }) => `![${file}](${pictures}/${file})\n\nFrom the top: ${rows.join('; ')}.`),
  ].join('\n\n');
}

function cells({ task, method, scores, nfe, guessed }: EditingLine, images: number): string[] {
  const { agreement, accuracy, toOriginals, toTraining, rmse, knownError } = scores;
  return [
    task,
    method,
    nfe === undefined ? '-' : String(nfe),
    // Against themselves the originals agree by definition.
    method === 'originals' ? percent(agreement) : `${percent(agreement)} (${interval(agreement, images)})`,
    percent(accuracy),
    short(toOriginals),
    short(toTraining),
    short(rmse),
    short(knownError),
    guessed === undefined ? '-' : percent(guessed),
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The Wilson interval of 95 % in per cent; it has a width also for a share of 0 or 1. */
function interval(share: number, count: number): string {
  const z = 1.96;
  const shrink = 1 + z ** 2 / count;
  const centre = (share + z ** 2 / (2 * count)) / shrink;
  const half = (z / shrink) * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  return [centre - half, centre + half].map((end) => (100 * end).toFixed(1)).join(' to ');
}

function kindInWords(kind: string): string {
  if (kind === 'consistency') return 'consistency function';
  return kind === 'jump' ? 'jump used as a consistency function' : 'denoiser';
}
