/** Version of this package, for receipts; a test holds it against package.json. */
export const packageVersion = '0.1.0';
