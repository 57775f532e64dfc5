import { packageTests } from '../workspace/vitest.base';

export default packageTests('lenet');
