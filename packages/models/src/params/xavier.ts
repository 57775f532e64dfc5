import type { LayerInit } from '../layers/edm-attention';
import type { ParamSpec } from './param-spec';

/**
 * Laws of a layer that starts from the uniform law of Glorot and Bengio: the weight from
 * U(-b, b) with b = gain sqrt(6 / (fanIn + fanOut)), the bias at 0.
 */
export function xavierInit(fanIn: number, fanOut: number, gain = 1): LayerInit {
  return {
    weight: { kind: 'uniform', bound: gain * Math.sqrt(6 / (fanIn + fanOut)) },
    bias: { kind: 'constant', value: 0 },
  };
}

/** The specs of one convolution or linear layer with their start replaced by {@link xavierInit}. */
export function xavier(specs: readonly ParamSpec[], gain = 1): ParamSpec[] {
  return specs.map((spec) => {
    const { shape } = spec;
    if (shape.length === 1) return { ...spec, init: { kind: 'constant', value: 0 } };
    const [inChannels, outChannels] = shape.slice(-2);
    const area = shape.slice(0, -2).reduce((product, side) => product * side, 1);
    return { ...spec, init: xavierInit(inChannels * area, outChannels * area, gain).weight };
  });
}
