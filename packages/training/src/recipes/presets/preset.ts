import type { RecipeInput } from '../schema';

/** How much machine a recipe is made for. */
export const recipeSizes = ['laptop', 'gpu-hour', 'paper'] as const;
/** One of {@link recipeSizes}. */
export type RecipeSize = (typeof recipeSizes)[number];

/** What is said about a recipe beside the recipe itself. */
export interface RecipeNotes {
  /** `laptop`: minutes on 2 cores; `gpu-hour`: about an hour on one GPU; `paper`: the published setting. */
  readonly size: RecipeSize;
  /** How long it takes where that is known, for example `5 minutes on 2 cores`; else `not run here`. */
  readonly timeClass: string;
  /** Paper and table the numbers come from, or what they were chosen for. */
  readonly source: string;
  /** Name of the recipe whose result it distils, tunes, or makes its pairs with. */
  readonly startsFrom?: string | undefined;
  /** Departures from the source, and values that could not be verified. */
  readonly notes?: readonly string[] | undefined;
}

type WithoutName<T> = T extends unknown ? Omit<T, 'name'> : never;

/** A recipe that comes with the package; its name is its key in the registry. */
export interface Preset extends RecipeNotes {
  readonly recipe: WithoutName<RecipeInput>;
}

/** Presets by name. */
export type Presets = Readonly<Record<string, Preset>>;

/** How long a recipe takes that nobody has run with this program. */
export const notRunHere = 'not run here';
