import { longestEdgePx, type PictureLimits } from '../picture-limits.js';
import type { VideoFormat } from '../sniff.js';
import { probeEntries } from './probe.js';

/** Name of the video in the folder where ffmpeg works. @internal */
export const videoFileName = 'video';

/** The decoders of moving pictures that may be used: those of what people record and post. */
const videoDecoders = [
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
];

/** ffprobe opens a decoder for every stream, and fails where it may not; it decodes none of the sound to an end. */
const otherDecoders = [
  'aac',
  'mp3float',
  'mp3',
  'mp2float',
  'mp2',
  'opus',
  'libopus',
  'vorbis',
  'libvorbis',
  'flac',
  'alac',
  'ac3',
  'eac3',
  'amrnb',
  'amrwb',
  'libopencore_amrnb',
  'libopencore_amrwb',
  'pcm_s16le',
  'pcm_s16be',
  'pcm_s24le',
  'pcm_s24be',
  'pcm_f32le',
  'pcm_u8',
  'pcm_alaw',
  'pcm_mulaw',
  'adpcm_ima_qt',
  'adpcm_ima_wav',
  'adpcm_ms',
  'mov_text',
  'srt',
  'subrip',
  'ass',
  'webvtt',
];

/** Most bytes of one piece of memory. */
const maxAllocBytes = 192 * 2 ** 20;

/**
 * How both programs read the video: from one local file, by the one demuxer that its content calls for,
 * so that playlists and lists of files are never followed. Source: ffmpeg-formats and ffmpeg-protocols manuals.
 */
function input(format: VideoFormat, decoders: readonly string[]): string[] {
  return [
    ...['-protocol_whitelist', 'file,pipe'],
    ...['-format_whitelist', format],
    ...['-codec_whitelist', decoders.join(',')],
    ...['-threads', '1'],
    ...['-f', format],
    ...['-i', `file:${videoFileName}`],
  ];
}

/** Arguments of ffprobe for what the video is, as JSON. @internal */
export function probeArguments(format: VideoFormat): string[] {
  return [...probe, '-show_entries', probeEntries, '-of', 'json', ...probeInput(format)];
}

/** Arguments of ffprobe for the time of each packet in seconds, a line each; nothing is decoded. @internal */
export function packetTimesArguments(format: VideoFormat): string[] {
  return [...probe, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', ...probeInput(format)];
}

/** The first moving picture that is no cover of a record. */
const probe = ['-v', 'error', '-select_streams', 'V:0'];

const probeInput = (format: VideoFormat): string[] =>
  input(format, [...videoDecoders, ...otherDecoders]);

/** Arguments of ffmpeg for the frame at a time as a PNG on its standard output. @internal */
export function frameArguments(
  format: VideoFormat,
  { maxVideoPixels }: PictureLimits,
  { atMs, exact }: { atMs: number; exact: boolean },
): string[] {
  return [
    ...['-v', 'info', '-hide_banner', '-nostats', '-nostdin'],
    ...['-max_alloc', String(maxAllocBytes), '-filter_threads', '1'],
    // Without them the nearest picture before that is whole by itself is shown, which costs one decoding.
    ...(exact ? [] : ['-noaccurate_seek', '-skip_frame', 'nokey']),
    ...['-an', '-sn', '-dn'],
    ...(atMs > 0 ? ['-ss', (atMs / 1000).toFixed(3)] : []),
    ...['-max_pixels', String(maxVideoPixels)],
    ...input(format, videoDecoders),
    ...['-map', '0:V:0', '-frames:v', '1', '-vf', filters],
    ...['-c:v', 'png', '-threads', '1', '-f', 'image2pipe', 'pipe:1'],
  ];
}

/** The width as people see it: pixels may be wider than they are high. */
const wide = 'iw*clip(sar\\,0.25\\,4)';
const factor = `min(1\\,${longestEdgePx}/max(${wide}\\,ih))`;
/**
 * Made smaller where a side is too long; `showinfo` tells the time of the frame, which then begins the
 * output: a frame before its beginning would be dropped.
 */
const filters = `scale=w=max(1\\,trunc(${wide}*${factor})):h=max(1\\,trunc(ih*${factor})),setsar=1,showinfo,setpts=PTS-STARTPTS`;
