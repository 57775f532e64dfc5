import * as tf from '@tensorflow/tfjs-core';

/** Comparisons are constant almost everywhere; tfjs says so of GreaterEqual only and throws on the others. */
const comparisons = ['Less', 'LessEqual', 'Greater', 'Equal', 'NotEqual'];

for (const kernelName of comparisons) {
  register({
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (_, [a, b]) => ({ a: () => tf.zerosLike(a), b: () => tf.zerosLike(b) }),
  });
}

/** The filter gradient is linear in both arguments, so its gradients are the two other convolutions. */
register({
  kernelName: 'Conv2DBackpropFilter',
  inputsToSave: ['x', 'dy'],
  gradFunc: (cotangent, [x, dy], attrs) => {
    const filter = cotangent as tf.Tensor4D;
    const { strides, pad, dimRoundingMode, dataFormat } = attrs as unknown as {
      strides: number | [number, number];
      pad: 'same' | 'valid';
      dimRoundingMode?: 'floor';
      dataFormat: 'NHWC';
    };
    return {
      x: () =>
        tf.engine().runKernel('Conv2DBackpropInput', { dy, filter }, {
          strides,
          pad,
          dimRoundingMode,
          dataFormat,
          inputShape: x.shape,
        } as unknown as tf.NamedAttrMap),
      dy: () => tf.conv2d(x as tf.Tensor4D, filter, strides, pad, dataFormat, 1, dimRoundingMode),
    };
  },
});

function register(config: tf.GradConfig): void {
  if ((tf.getGradient(config.kernelName) as tf.GradConfig | undefined) === undefined) tf.registerGradient(config);
}
