import { z } from 'zod';
import { VistazoError } from '../../errors.js';
import type { PictureLimits } from '../picture-limits.js';

/** What a video is, known before any of it is decoded for people to see. @internal */
export interface VideoInfo {
  widthPx: number;
  heightPx: number;
  /** 0 where it is not written in the file. */
  durationMs: number;
  /** Undefined where it is not written in the file. */
  frames: number | undefined;
  /** How long one frame stands. */
  frameMs: number;
}

/** What ffprobe is asked for. @internal */
export const probeEntries = 'stream=width,height,duration,nb_frames,avg_frame_rate:format=duration';

const number = z.coerce.number().nonnegative().catch(0);

const probeSchema = z.object({
  streams: z.array(
    z.object({
      width: number,
      height: number,
      duration: number,
      nb_frames: number,
      avg_frame_rate: z.string().catch('0/0'),
    }),
  ),
  format: z.object({ duration: number }).catch({ duration: 0 }),
});

/** What ffprobe says of a video. Throws `picture.notAnImage` where it has nothing to see, or `picture.corrupt`. @internal */
export function parseProbe(json: string): VideoInfo {
  const { streams, format } = parsed(json);
  const [stream] = streams;
  if (stream === undefined) {
    throw new VistazoError(
      'picture.notAnImage',
      'The file has sound or data but no moving picture in it; send a video that shows something.',
    );
  }
  if (stream.width === 0 || stream.height === 0) throw corruptVideo();
  return {
    widthPx: stream.width,
    heightPx: stream.height,
    durationMs: Math.round((stream.duration || format.duration) * 1000),
    frames: stream.nb_frames || undefined,
    frameMs: frameMs(stream.avg_frame_rate),
  };
}

function parsed(json: string): z.output<typeof probeSchema> {
  try {
    return probeSchema.parse(JSON.parse(json));
  } catch (cause) {
    throw corruptVideo(cause);
  }
}

const usualFrameMs = 40;

function frameMs(rate: string): number {
  const [frames = 0, seconds = 0] = rate.split('/').map(Number);
  const ms = (1000 * seconds) / frames;
  return Number.isFinite(ms) && ms > 0 ? ms : usualFrameMs;
}

/** Throws `picture.tooLarge` or `picture.tooManyFrames`. @internal */
export function checkVideo(info: VideoInfo, limits: PictureLimits): void {
  const { widthPx, heightPx, durationMs, frames = 0 } = info;
  const { maxVideoPixels, maxVideoMs, maxVideoFileFrames } = limits;
  if (widthPx * heightPx > maxVideoPixels) {
    throw new VistazoError(
      'picture.tooLarge',
      `The video is ${widthPx} × ${heightPx}, ${megapixels(widthPx * heightPx)} megapixels; at most ${megapixels(maxVideoPixels)} are accepted. Make it smaller.`,
    );
  }
  if (durationMs > maxVideoMs) {
    throw new VistazoError(
      'picture.tooLarge',
      `The video takes ${minutes(durationMs)} minutes; at most ${minutes(maxVideoMs)} are accepted. Send a part of it.`,
    );
  }
  if (frames > maxVideoFileFrames) {
    throw new VistazoError(
      'picture.tooManyFrames',
      `The video has more than ${maxVideoFileFrames.toLocaleString('en')} frames; send a part of it.`,
    );
  }
}

const megapixels = (pixels: number): string => (pixels / 1e6).toFixed(1);
const minutes = (ms: number): string => (Math.round(ms / 6000) / 10).toLocaleString('en');

/** @internal */
export function corruptVideo(cause?: unknown): VistazoError {
  return new VistazoError(
    'picture.corrupt',
    'The video is cut off or damaged, or of a kind that cannot be read; save it as MP4 and send it again.',
    { cause },
  );
}
