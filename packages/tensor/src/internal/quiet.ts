// Production mode before any backend exists: tfjs then prints neither its greeting nor its hints.
import { enableProdMode } from '@tensorflow/tfjs-core';

enableProdMode();
