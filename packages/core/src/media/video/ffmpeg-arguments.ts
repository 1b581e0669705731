import type { PictureLimits } from '../picture-limits.js';
import { longestEdgePx } from '../picture-limits.js';
import type { VideoFormat } from '../sniff.js';
import { probeEntries } from './probe.js';

/** Name of the video in the folder where ffmpeg works. @internal */
export const videoFileName = 'video';

/** The decoders that may be used: those of what people record and post, and none that refers to other files. */
const decoders = [
  'h264',
  'hevc',
  'av1',
  'libdav1d',
  'libaom-av1',
  'vp8',
  'libvpx',
  'vp9',
  'libvpx-vp9',
  'mpeg4',
  'h263',
  'msmpeg4v2',
  'msmpeg4',
  'mpeg1video',
  'mpeg2video',
  'mjpeg',
  'theora',
  'prores',
].join(',');

/** Most bytes of one piece of memory. */
const maxAllocBytes = 192 * 2 ** 20;

/**
 * How both programs read the video: from one local file, by the one demuxer that its content calls for,
 * so that playlists and lists of files are never followed. Source: ffmpeg-formats and ffmpeg-protocols manuals.
 */
function input(format: VideoFormat, { maxVideoPixels }: PictureLimits): string[] {
  return [
    ...['-protocol_whitelist', 'file,pipe'],
    ...['-format_whitelist', format],
    ...['-codec_whitelist', decoders],
    ...['-max_pixels', String(maxVideoPixels)],
    ...['-threads', '1'],
    ...['-f', format],
    ...['-i', `file:${videoFileName}`],
  ];
}

/** Arguments of ffprobe for what the video is, as JSON. @internal */
export function probeArguments(format: VideoFormat, limits: PictureLimits): string[] {
  return [
    '-v',
    'error',
    ...stream,
    '-show_entries',
    probeEntries,
    '-of',
    'json',
    ...input(format, limits),
  ];
}

/** Arguments of ffprobe for the time of each packet in seconds, a line each; nothing is decoded. @internal */
export function packetTimesArguments(format: VideoFormat, limits: PictureLimits): string[] {
  return [
    '-v',
    'error',
    ...stream,
    '-show_entries',
    'packet=pts_time',
    '-of',
    'csv=p=0',
    ...input(format, limits),
  ];
}

/** The first moving picture that is no cover of a record. */
const stream = ['-select_streams', 'V:0'];

/** Arguments of ffmpeg for the frame at a time as a PNG on its standard output. @internal */
export function frameArguments(
  format: VideoFormat,
  limits: PictureLimits,
  { atMs, exact }: { atMs: number; exact: boolean },
): string[] {
  return [
    ...['-v', 'info', '-hide_banner', '-nostats', '-nostdin'],
    ...['-max_alloc', String(maxAllocBytes), '-filter_threads', '1'],
    // Without them the nearest picture before that is whole by itself is shown, which costs one decoding.
    ...(exact ? [] : ['-noaccurate_seek', '-skip_frame', 'nokey']),
    ...['-an', '-sn', '-dn'],
    ...(atMs > 0 ? ['-ss', (atMs / 1000).toFixed(3)] : []),
    ...input(format, limits),
    ...['-map', '0:V:0', '-frames:v', '1', '-vf', filters],
    ...['-c:v', 'png', '-threads', '1', '-f', 'image2pipe', 'pipe:1'],
  ];
}

/** The width as people see it: pixels may be wider than they are high. */
const wide = 'iw*clip(sar\\,0.25\\,4)';
const factor = `min(1\\,${longestEdgePx}/max(${wide}\\,ih))`;
/** Made smaller where a side is too long; `showinfo` tells the time of the frame. */
const filters = `scale=w=max(1\\,trunc(${wide}*${factor})):h=max(1\\,trunc(ih*${factor})),setsar=1,showinfo`;
