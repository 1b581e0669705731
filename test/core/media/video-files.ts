import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VideoPrograms } from '@vistazo/core';

/** The ffmpeg of this machine, or else the one that npm brings for development. */
export const programs: Required<VideoPrograms> & { ffmpegPath: string } = isOnPath()
  ? { ffmpegPath: onPath('ffmpeg'), ffprobePath: onPath('ffprobe') }
  : fromNpm();

function isOnPath(): boolean {
  try {
    return onPath('ffmpeg') !== '' && onPath('ffprobe') !== '';
  } catch {
    return false;
  }
}

function onPath(name: string): string {
  return execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
}

function fromNpm() {
  const require = createRequire(import.meta.url);
  return {
    ffmpegPath: String(require('@ffmpeg-installer/ffmpeg').path),
    ffprobePath: String(require('@ffprobe-installer/ffprobe').path),
  };
}

/** A clip to be made. */
export interface ClipOptions {
  /** What ffmpeg's `lavfi` is to show. Default: a test picture with a counter, 12 s, 64 × 48, 10 frames a second. */
  source?: string;
  /** Of the file, by which the container is chosen. Default `mp4`. */
  extension?: string;
  /** More arguments of ffmpeg, before the name of the file. */
  args?: readonly string[];
}

/** A clip that ffmpeg makes. */
export function clip({
  source = 'testsrc=d=12:s=64x48:r=10',
  extension = 'mp4',
  args = [],
}: ClipOptions = {}): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'vistazo-clip-'));
  try {
    const path = join(folder, `clip.${extension}`);
    const input = ['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', source];
    execFileSync(programs.ffmpegPath, [...input, ...args, '-pix_fmt', 'yuv420p', path], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A clip that is red for four seconds, then green, then blue. */
export function threeColours(options: Omit<ClipOptions, 'source'> = {}): Uint8Array {
  const parts = ['red', 'green', 'blue'].map((colour) => `color=${colour}:d=4:s=64x48:r=10`);
  const graph = `${parts.map((part, index) => `${part}[${index}]`).join(';')};[0][1][2]concat=n=3`;
  return clip({ ...options, source: graph });
}
