import type { Graph } from '../graph/node';
import { fuseChannelAffine } from './blocked/channel-affine';
import { fuseChannelDot } from './blocked/channel-dot';
import { stripBroadcasts } from './broadcasts';
import { shareCommonSubexpressions } from './common-subexpressions';
import type { ConvolutionCosts } from './convolutions/costs';
import { lowerConvolutions } from './convolutions/lower-convolutions';
import { foldConstants } from './fold-constants';
import { propagateLayouts } from './layouts/propagate-layouts';
import { simplifySilu } from './silu';
import { simplify } from './simplify';
import { splitReductions } from './split-reductions';

/** Runs every pass in order; the result computes the same function. Dead code goes by itself: outputs do not reach it. */
export function optimize(graph: Graph, costs: ConvolutionCosts): Graph {
  let result = graph;
  // Twice, since each of the four opens work for the others.
  for (let round = 0; round < 2; round += 1) {
    result = shareCommonSubexpressions(simplify(stripBroadcasts(foldConstants(result))));
  }
  result = shareCommonSubexpressions(simplifySilu(result));
  result = stripBroadcasts(lowerConvolutions(result, costs));
  result = shareCommonSubexpressions(simplify(splitReductions(stripBroadcasts(propagateLayouts(result)))));
  if (costs.channelBlock > 0) {
    result = fuseChannelAffine(fuseChannelDot(result, costs.channelBlock), costs.channelBlock);
  }
  return shareCommonSubexpressions(foldConstants(simplify(result)));
}
