import type { Conditioning } from '@onestep/core';
import { OnestepError } from '@onestep/tensor';

/**
 * Refuses conditioning that a network would pass over in silence.
 *
 * @throws RangeError for labels of the wrong width; {@link OnestepError} `unsupported` for a second time or
 *   augmentation labels
 */
export function checkConditioning(where: string, numClasses: number, conditioning: Conditioning): void {
  const { labels, cNoise2, augment } = conditioning;
  if (labels !== undefined && (numClasses === 0 || labels.shape[1] !== numClasses)) {
    throw new RangeError(
      `${where}.apply: labels must be one-hot [B, ${numClasses}], got [${labels.shape.join(', ')}].` +
        (numClasses === 0 ? ' This network has no classes: pass no labels.' : ''),
    );
  }
  const foreign = cNoise2 !== undefined ? 'cNoise2' : augment !== undefined ? 'augment' : undefined;
  if (foreign !== undefined) {
    throw new OnestepError('unsupported', `${where}.apply: this network takes no ${foreign}. Leave it out.`);
  }
}
