import type { AnyCase } from './case';
import type { Comparison } from './compare';
import { families as allFamilies } from './families';
import type { Family } from './family';
import { openGoldenFolder, type GoldenFolder } from './golden-folder';

/** One line of the report. */
export interface CaseResult {
  readonly status: 'PASS' | 'FAIL' | 'SKIP';
  readonly name: string;
  readonly comparison?: Comparison | undefined;
  /** Why it was skipped or what went wrong. */
  readonly note?: string | undefined;
}

/** The whole report. */
export interface ConformanceReport {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly results: readonly CaseResult[];
}

/** Options of {@link runConformance}. */
export interface ConformanceOptions {
  readonly folder: string;
  /** Only cases whose name contains this text. */
  readonly filter?: string | undefined;
  readonly families?: readonly Family[] | undefined;
  /** Called as each case ends. */
  readonly onResult?: ((result: CaseResult) => void) | undefined;
}

/** Runs every case of a golden folder on the current backend. */
export async function runConformance({
  folder,
  filter = '',
  families = allFamilies,
  onResult,
}: ConformanceOptions): Promise<ConformanceReport> {
  const results: CaseResult[] = [];
  const golden = openGoldenFolder(folder);
  const add = (result: CaseResult): void => {
    results.push(result);
    onResult?.(result);
  };
  for (const path of golden.jsonFiles) {
    for (const entry of casesOf(golden, path, families)) {
      if (entry.name.includes(filter)) add(await runCase(entry));
    }
  }
  for (const path of golden.unaccounted()) {
    if (path.includes(filter))
      add({ status: 'FAIL', name: path, note: 'unknown file: no golden JSON file refers to it' });
  }
  const count = (status: CaseResult['status']): number => results.filter((result) => result.status === status).length;
  return { passed: count('PASS'), failed: count('FAIL'), skipped: count('SKIP'), results };
}

/** The cases of one file; what cannot be read is an unknown case, never silence. */
function casesOf(golden: GoldenFolder, path: string, families: readonly Family[]): readonly AnyCase[] {
  try {
    const file = golden.open(path);
    const family = families.find((candidate) => candidate.recognises(file.content));
    if (family === undefined) return [{ name: path, problem: 'unknown file type' }];
    const cases = family.cases(file);
    return cases.length > 0 ? cases : [{ name: path, problem: `no cases in a file of the ${family.name} family` }];
  } catch (error) {
    return [{ name: path, problem: messageOf(error) }];
  }
}

async function runCase(golden: AnyCase): Promise<CaseResult> {
  const { name } = golden;
  if ('needs' in golden) return { status: 'SKIP', name, note: `needs ${golden.needs}` };
  if ('problem' in golden) return { status: 'FAIL', name, note: golden.problem };
  try {
    const comparison = await golden.run();
    return { status: comparison.passed ? 'PASS' : 'FAIL', name, comparison, note: comparison.note };
  } catch (error) {
    return { status: 'FAIL', name, note: messageOf(error) };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
