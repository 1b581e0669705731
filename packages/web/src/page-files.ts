import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Handler } from 'hono';

const folder = fileURLToPath(new URL('./page/', import.meta.url));

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/** Serves the built page. */
export const servePage: Handler = async (context) => {
  const path = context.req.path === '/' ? '/index.html' : context.req.path;
  const contentType = contentTypes[extname(path)];
  if (contentType === undefined || normalize(path) !== path || path.includes('..'))
    return context.notFound();
  try {
    const bytes = await readFile(join(folder, path));
    return context.body(new Uint8Array(bytes), 200, { 'Content-Type': contentType });
  } catch {
    return context.notFound();
  }
};
