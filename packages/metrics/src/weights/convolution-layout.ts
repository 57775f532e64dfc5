import type { HostTensor } from '@onestep/tensor';

/** PyTorch's convolution kernel `[out, in, height, width]` as `[height, width, in, out]`, each output channel scaled. */
export function toHwio({ shape, data }: HostTensor, scaleOf: (output: number) => number = () => 1): HostTensor {
  const [outputs, inputs, height, width] = shape;
  const turned = new Float32Array(data.length);
  const area = height * width;
  for (let o = 0; o < outputs; o += 1) {
    const scale = scaleOf(o);
    for (let i = 0; i < inputs; i += 1) {
      const from = (o * inputs + i) * area;
      for (let p = 0; p < area; p += 1) turned[(p * inputs + i) * outputs + o] = data[from + p] * scale;
    }
  }
  return { dtype: 'float32', shape: [height, width, inputs, outputs], data: turned };
}

/** A matrix `[out, in]` as `[in, out]`. */
export function transposed({ shape, data }: HostTensor): HostTensor {
  const [outputs, inputs] = shape;
  const turned = new Float32Array(data.length);
  for (let o = 0; o < outputs; o += 1) {
    for (let i = 0; i < inputs; i += 1) turned[i * outputs + o] = data[o * inputs + i];
  }
  return { dtype: 'float32', shape: [inputs, outputs], data: turned };
}
