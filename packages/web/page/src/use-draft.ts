import { useEffect, useMemo, useState } from 'preact/hooks';
import type { WireSession } from '../../src/wire.ts';
import type { Texts } from './texts.ts';
import { sampleUrl } from './welcome.tsx';

const pictureTypes = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif'];

/** What may be sent, as the `accept` of a file picker says it; the server looks at the bytes. */
export const acceptedTypes = [...pictureTypes, 'application/pdf', 'video/*'];

/** What browsers call a file whose kind they do not know; the server looks at its bytes. */
const unknownTypes = ['', 'application/octet-stream'];

const isAccepted = (type: string): boolean =>
  unknownTypes.includes(type) || type.startsWith('video/') || acceptedTypes.includes(type);

const isHeic = ({ name, type }: File): boolean =>
  /^image\/hei[cf]/.test(type) || /\.hei[cf]$/i.test(name);

/** The message that is being written. */
export type Draft = ReturnType<typeof useDraft>;

/** Keeps text and pictures of the message that is being written, within the server's limits. */
export function useDraft(
  session: WireSession | undefined,
  texts: Texts,
  showError: (error: string | undefined) => void,
) {
  const [text, setText] = useState('');
  const [files, setFiles] = useState<readonly File[]>([]);
  const pictures = useMemo(
    () => files.map((file) => ({ file, previewUrl: URL.createObjectURL(file) })),
    [files],
  );
  useEffect(
    () => () => {
      for (const { previewUrl } of pictures) URL.revokeObjectURL(previewUrl);
    },
    [pictures],
  );

  const complaintAbout = (file: File): string | undefined => {
    const maxBytes = session?.maxUploadBytes ?? Number.POSITIVE_INFINITY;
    if (file.size > maxBytes) return texts.tooLarge(file.name, Math.floor(maxBytes / 2 ** 20));
    if (isHeic(file)) return texts.heic(file.name);
    return isAccepted(file.type) ? undefined : texts.notAPicture(file.name);
  };

  const addPictures = (added: readonly File[]) => {
    const complaints = added.map(complaintAbout);
    const maxPictures = session?.maxPictures ?? Number.POSITIVE_INFINITY;
    const all = [...files, ...added.filter((_, index) => complaints[index] === undefined)];
    const complaint = complaints.find((each) => each !== undefined);
    showError(complaint ?? (all.length > maxPictures ? texts.tooMany(maxPictures) : undefined));
    setFiles(all.slice(0, maxPictures));
  };

  return {
    text,
    pictures,
    setText,
    addPictures,
    removePicture: (index: number) => setFiles(files.filter((_, each) => each !== index)),
    /** Puts back what could not be sent, before what was written meanwhile. */
    restore: (lostText: string, lostFiles: readonly File[]) => {
      setText((now) => (now === '' ? lostText : `${lostText}\n${now}`));
      setFiles((now) => [...lostFiles, ...now]);
    },
    clear: () => {
      setText('');
      setFiles([]);
    },
    /** Puts a sample picture and a question about it into the draft. */
    useSample: async (name: string, question: string) => {
      const response = await fetch(sampleUrl(name));
      const file = new File([await response.blob()], `${name}.png`, { type: 'image/png' });
      setFiles([file]);
      setText(question);
      document.getElementById('question')?.focus();
    },
  };
}
