import type { PassListener } from '../debug';
import type { Graph } from '../graph/node';
import { fuseChannelAffine } from './blocked/channel-affine';
import { fuseChannelDot } from './blocked/channel-dot';
import { stripBroadcasts } from './broadcasts';
import { shareCommonSubexpressions } from './common-subexpressions';
import type { ConvolutionCosts } from './convolutions/costs';
import { lowerConvolutions } from './convolutions/lower-convolutions';
import { foldConstants } from './fold-constants';
import { foldMoves } from './fold-moves';
import { propagateLayouts } from './layouts/propagate-layouts';
import { simplifySilu } from './silu';
import { simplify } from './simplify';
import { splitReductions } from './split-reductions';

/**
 * Runs every pass in order; the result computes the same function. Dead code goes by itself: outputs do not reach it.
 *
 * @param onPass - told what each pass made
 */
export function optimize(graph: Graph, costs: ConvolutionCosts, onPass?: PassListener): Graph {
  let result = graph;
  const run = (name: string, pass: (graph: Graph) => Graph): void => {
    result = pass(result);
    onPass?.(name, result);
  };
  const { channelBlock } = costs;
  // Twice, since each of the four opens work for the others.
  for (let round = 0; round < 2; round += 1) {
    run('foldConstants', foldConstants);
    run('stripBroadcasts', stripBroadcasts);
    run('simplify', simplify);
    run('shareCommonSubexpressions', shareCommonSubexpressions);
  }
  run('simplifySilu', simplifySilu);
  run('shareCommonSubexpressions', shareCommonSubexpressions);
  run('lowerConvolutions', (current) => lowerConvolutions(current, costs));
  run('stripBroadcasts', stripBroadcasts);
  run('propagateLayouts', propagateLayouts);
  run('stripBroadcasts', stripBroadcasts);
  run('splitReductions', splitReductions);
  run('simplify', simplify);
  run('shareCommonSubexpressions', shareCommonSubexpressions);
  if (channelBlock > 0) {
    run('fuseChannelDot', (current) => fuseChannelDot(current, channelBlock));
    run('fuseChannelAffine', (current) => fuseChannelAffine(current, channelBlock));
  }
  run('simplify', simplify);
  run('foldConstants', foldConstants);
  run('foldMoves', foldMoves);
  run('shareCommonSubexpressions', shareCommonSubexpressions);
  return result;
}
