// The Node bundle of tfjs-core registers no gradients. Core first: the gradient files then join its engine.
import '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
