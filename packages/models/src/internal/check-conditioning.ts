import type { Conditioning } from '@onestep/core';
import { OnestepError } from '@onestep/tensor';

/** What a network takes beside the image and its first time. */
export interface ConditioningInputs {
  /** Number of classes, 0: no labels. */
  readonly numClasses: number;
  /** Whether cNoise2 is an input, and then required; default false. */
  readonly secondTime?: boolean;
  /** Width of the augmentation labels, default 0: none. */
  readonly augmentChannels?: number;
}

/**
 * Refuses conditioning that a network would pass over in silence, and asks for what it needs.
 *
 * @throws RangeError for labels of the wrong width; TypeError for a second time that is missing;
 *   {@link OnestepError} `unsupported` for a second time or augmentation labels that are no input
 */
export function checkConditioning(where: string, inputs: ConditioningInputs, conditioning: Conditioning): void {
  const { numClasses, secondTime = false, augmentChannels = 0 } = inputs;
  const { labels, cNoise2, augment } = conditioning;
  if (labels !== undefined && (numClasses === 0 || labels.shape[1] !== numClasses)) {
    throw new RangeError(
      `${where}.apply: labels must be one-hot [B, ${numClasses}], got [${labels.shape.join(', ')}].` +
        (numClasses === 0 ? ' This network has no classes: pass no labels.' : ''),
    );
  }
  if (secondTime && cNoise2 === undefined) {
    throw new TypeError(
      `${where}.apply: cNoise2 is missing. This network has a second time; wrap it with a preconditioning of jumps, or build it with secondTime: false.`,
    );
  }
  const foreign =
    !secondTime && cNoise2 !== undefined
      ? 'cNoise2'
      : augmentChannels === 0 && augment !== undefined
        ? 'augment'
        : undefined;
  if (foreign !== undefined) {
    throw new OnestepError('unsupported', `${where}.apply: this network takes no ${foreign}. Leave it out.`);
  }
  if (augment !== undefined && augment.shape[1] !== augmentChannels) {
    throw new RangeError(`${where}.apply: augment must be [B, ${augmentChannels}], got [${augment.shape.join(', ')}].`);
  }
}
