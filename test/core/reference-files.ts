import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Files of real models beside the repository. */
export const referenceFolder = fileURLToPath(new URL('../../../shared/reference', import.meta.url));

/** Files of SmolVLM-256M-Instruct beside the repository; tests that need them are skipped where they lack. */
export const smolFolder = `${referenceFolder}/SmolVLM-256M-Instruct`;

export const hasSmolFiles = existsSync(smolFolder);

/** What titles of tests say of the files they need. */
export const smolNote = hasSmolFiles
  ? 'SmolVLM-256M-Instruct'
  : 'SmolVLM-256M-Instruct (skipped: ../shared/reference/SmolVLM-256M-Instruct is missing)';

export function readSmolJson(name: string): object {
  return JSON.parse(readFileSync(`${smolFolder}/${name}`, 'utf8'));
}
