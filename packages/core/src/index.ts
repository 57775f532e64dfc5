export type { Conditioning, Network } from './network';
export { preconditioned, type Condition, type ConsistencyFunction, type Denoiser, type JumpFunction } from './denoiser';
export { perImage } from './per-image';
export type { Coefficients, Preconditioning, PreconditioningName } from './preconditioning/preconditioning';
export type { Distance } from './distances/distance';
export { float64Space, tensorSpace, type VectorSpace } from './vector-space';
