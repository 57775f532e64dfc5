import { OnestepError } from '@onestep/tensor';
import { sha256 } from '../evaluate/statistics-hash';
import { receiptVersion, type Receipt } from '../receipt';
import { checkReceipt } from './check-receipt';

const format = 'onestep-receipts';

/**
 * Receipts as JSON text with a sum that tells whether anything was changed since.
 *
 * `{ format, version, receipts, sha256 }`; the sum is that of `JSON.stringify(receipts)`.
 */
export async function encodeReceipts(receipts: readonly Receipt[]): Promise<string> {
  const text = JSON.stringify(receipts);
  const content = { format, version: receiptVersion, receipts: JSON.parse(text) as unknown, sha256: await sumOf(text) };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/**
 * Reads what {@link encodeReceipts} wrote.
 *
 * @param name - of the file, for messages
 * @throws OnestepError `bad-data-file` if it is not JSON, of another version, lacks a field or was changed
 */
export async function decodeReceipts(text: string, name = 'the receipt'): Promise<readonly Receipt[]> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw damaged(name, 'is not JSON', cause);
  }
  const { format: found, version, receipts, sha256: sum } = (content ?? {}) as Readonly<Record<string, unknown>>;
  if (found !== format || !Array.isArray(receipts)) throw damaged(name, 'is no file of receipts');
  if (version !== receiptVersion) {
    throw damaged(name, `has version ${String(version)}, this program reads ${receiptVersion}`);
  }
  const checked = receipts.map((receipt: unknown, i) => {
    const problem = checkReceipt(receipt);
    if (problem !== undefined) throw damaged(name, `is damaged: receipts[${i}].${problem}`);
    return receipt as Receipt;
  });
  if ((await sumOf(JSON.stringify(receipts))) !== sum) {
    throw damaged(name, 'is damaged or was edited: its sum does not match');
  }
  return checked;
}

const sumOf = (text: string): Promise<string> => sha256(new TextEncoder().encode(text));

function damaged(name: string, what: string, cause?: unknown): OnestepError {
  return new OnestepError('bad-data-file', `decodeReceipts: ${name} ${what}.`, { details: { name }, cause });
}
