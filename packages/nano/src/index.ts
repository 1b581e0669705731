import { fileURLToPath } from 'node:url';

/** Folder of the embedded model: configuration, tokenizer and `onnx/` files in Hugging Face layout. */
export const nanoModelFolder: string = fileURLToPath(new URL('../model', import.meta.url));
