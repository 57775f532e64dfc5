import { packageTests } from '../../tools/workspace/vitest.base';

export default packageTests('metrics');
