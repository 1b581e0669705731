// Reads Vitest's JSON report: prints the slowest tests, then "N passed, N failed" as the last line.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const listed = 10;
const [path] = process.argv.slice(2);
const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
  readFileSync(path, 'utf8'),
);
if (numPassedTests === 0) {
  console.error('no test ran');
  process.exit(1);
}
const tests = testResults.flatMap(({ name, assertionResults }) =>
  assertionResults.map(({ fullName, duration }) => ({
    seconds: (duration ?? 0) / 1000,
    title: `${relative('.', name)}: ${fullName}`,
  })),
);
console.log(`The slowest ${listed} tests, in seconds:`);
for (const { seconds, title } of tests.toSorted((a, b) => b.seconds - a.seconds).slice(0, listed))
  console.log(`${seconds.toFixed(1).padStart(6)}  ${title}`);
const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
console.log(`${numPassedTests} passed, ${numFailedTests} failed${skipped}`);
process.exit(numFailedTests > 0 ? 1 : 0);
