/** One convolution with its batch norm and ReLU. */
export interface ConvSpec {
  readonly name: string;
  readonly kernel: readonly [height: number, width: number];
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: 1 | 2;
  readonly padding: 'same' | 'valid';
}

/** One path through a block. */
export interface BranchSpec {
  /** Max pooling of 3 x 3 before everything else: at stride 2, or at stride 1 with a margin. */
  readonly maxPool?: 1 | 2 | undefined;
  /** Averages 3 x 3 pixels before its one 1 x 1 convolution; the two commute, and fewer channels are averaged after it. */
  readonly average?: boolean | undefined;
  readonly chain: readonly ConvSpec[];
  /** Two convolutions of the chain's result, side by side. */
  readonly fork?: readonly ConvSpec[] | undefined;
}

/** A block: branches of one input, concatenated. */
export interface BlockSpec {
  readonly name: string;
  readonly branches: readonly BranchSpec[];
}

type Layer = readonly [name: string, outputs: number, kernel: readonly [number, number], stride?: 1 | 2];

const one = [1, 1] as const;
const three = [3, 3] as const;
const five = [5, 5] as const;
const row = [1, 7] as const;
const column = [7, 1] as const;

/** Convolutions after one another; those at stride 2 have no padding. */
function chain(block: string, inputs: number, layers: readonly Layer[]): readonly ConvSpec[] {
  let width = inputs;
  return layers.map(([name, outputs, kernel, stride = 1]) => {
    const spec: ConvSpec = {
      name: `${block}.${name}`,
      kernel,
      inputs: width,
      outputs,
      stride,
      padding: stride === 2 ? 'valid' : 'same',
    };
    width = outputs;
    return spec;
  });
}

const pooled = (name: string, inputs: number, outputs: number): BranchSpec => ({
  average: true,
  chain: chain(name, inputs, [['branch_pool', outputs, one]]),
});

function blockA(name: string, inputs: number, poolWidth: number): BlockSpec {
  const branches: BranchSpec[] = [
    { chain: chain(name, inputs, [['branch1x1', 64, one]]) },
    { chain: chain(name, inputs, [['branch5x5_1', 48, one], ['branch5x5_2', 64, five]]) }, // prettier-ignore
    {
      chain: chain(name, inputs, [
        ['branch3x3dbl_1', 64, one],
        ['branch3x3dbl_2', 96, three],
        ['branch3x3dbl_3', 96, three],
      ]),
    },
    pooled(name, inputs, poolWidth),
  ];
  return { name, branches };
}

function blockB(name: string, inputs: number): BlockSpec {
  const branches: BranchSpec[] = [
    { chain: chain(name, inputs, [['branch3x3', 384, three, 2]]) },
    {
      chain: chain(name, inputs, [
        ['branch3x3dbl_1', 64, one],
        ['branch3x3dbl_2', 96, three],
        ['branch3x3dbl_3', 96, three, 2],
      ]),
    },
    { maxPool: 2, chain: [] },
  ];
  return { name, branches };
}

function blockC(name: string, inputs: number, width: number): BlockSpec {
  const branches: BranchSpec[] = [
    { chain: chain(name, inputs, [['branch1x1', 192, one]]) },
    {
      chain: chain(name, inputs, [
        ['branch7x7_1', width, one],
        ['branch7x7_2', width, row],
        ['branch7x7_3', 192, column],
      ]),
    },
    {
      chain: chain(name, inputs, [
        ['branch7x7dbl_1', width, one],
        ['branch7x7dbl_2', width, column],
        ['branch7x7dbl_3', width, row],
        ['branch7x7dbl_4', width, column],
        ['branch7x7dbl_5', 192, row],
      ]),
    },
    pooled(name, inputs, 192),
  ];
  return { name, branches };
}

function blockD(name: string, inputs: number): BlockSpec {
  const branches: BranchSpec[] = [
    { chain: chain(name, inputs, [['branch3x3_1', 192, one], ['branch3x3_2', 320, three, 2]]) }, // prettier-ignore
    {
      chain: chain(name, inputs, [
        ['branch7x7x3_1', 192, one],
        ['branch7x7x3_2', 192, row],
        ['branch7x7x3_3', 192, column],
        ['branch7x7x3_4', 192, three, 2],
      ]),
    },
    { maxPool: 2, chain: [] },
  ];
  return { name, branches };
}

/** The first of the two averages in its pooled branch, the second takes the maximum: a slip of 2015 that FID depends on. */
function blockE(name: string, inputs: number, pooling: 'average' | 'max'): BlockSpec {
  const both = (a: string, b: string): ConvSpec[] => [
    ...chain(name, 384, [[a, 384, [1, 3]]]),
    ...chain(name, 384, [[b, 384, [3, 1]]]),
  ];
  const pool = pooled(name, inputs, 192);
  const branches: BranchSpec[] = [
    { chain: chain(name, inputs, [['branch1x1', 320, one]]) },
    { chain: chain(name, inputs, [['branch3x3_1', 384, one]]), fork: both('branch3x3_2a', 'branch3x3_2b') },
    {
      chain: chain(name, inputs, [['branch3x3dbl_1', 448, one], ['branch3x3dbl_2', 384, three]]), // prettier-ignore
      fork: both('branch3x3dbl_3a', 'branch3x3dbl_3b'),
    },
    pooling === 'average' ? pool : { maxPool: 1, chain: pool.chain },
  ];
  return { name, branches };
}

const stem = (name: string, inputs: number, outputs: number, kernel: readonly [number, number], more: Partial<ConvSpec> = {}): ConvSpec => ({ name, kernel, inputs, outputs, stride: 1, padding: 'valid', ...more }); // prettier-ignore

/** Convolutions before the first max pooling, and between it and the second. */
export const stems = {
  first: [
    stem('Conv2d_1a_3x3', 3, 32, three, { stride: 2 }),
    stem('Conv2d_2a_3x3', 32, 32, three),
    stem('Conv2d_2b_3x3', 32, 64, three, { padding: 'same' }),
  ],
  second: [stem('Conv2d_3b_1x1', 64, 80, one), stem('Conv2d_4a_3x3', 80, 192, three)],
} as const;

/** Blocks after the second max pooling. */
export const blocks: readonly BlockSpec[] = [
  blockA('Mixed_5b', 192, 32),
  blockA('Mixed_5c', 256, 64),
  blockA('Mixed_5d', 288, 64),
  blockB('Mixed_6a', 288),
  blockC('Mixed_6b', 768, 128),
  blockC('Mixed_6c', 768, 160),
  blockC('Mixed_6d', 768, 160),
  blockC('Mixed_6e', 768, 192),
  blockD('Mixed_7a', 768),
  blockE('Mixed_7b', 1280, 'average'),
  blockE('Mixed_7c', 2048, 'max'),
];

/** Width of the pooled features and number of classes. */
export const inceptionWidths = { pool: 2048, classes: 1008 } as const;

/** Every convolution. */
export const convolutions: readonly ConvSpec[] = [
  ...stems.first,
  ...stems.second,
  ...blocks.flatMap(({ branches }) => branches.flatMap(({ chain: layers, fork = [] }) => [...layers, ...fork])),
];
