import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { TextStreamer } from '../../../../packages/core/src/inference/sequence/text-streamer.ts';
import { Tokenizer } from '../../../../packages/core/src/inference/tokenize/tokenizer.ts';
import { anyText } from '../../../any-text.ts';
import { describeTiny } from '../tiny-model.ts';

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = Tokenizer.load((await describeTiny()).tokenizer);
});

/** What is shown after each token, and at the end. */
function streamed(ids: readonly number[], stopStrings: readonly string[] = []) {
  const streamer = new TextStreamer(tokenizer, stopStrings);
  const pieces = ids.map((id) => streamer.push(id));
  return { pieces, rest: streamer.finish(), text: streamer.text, stopped: streamer.stopped };
}

describe('text that comes token by token', () => {
  it('shows a character once all its bytes are there', () => {
    const ids = tokenizer.encode('🙂');
    expect(ids).toHaveLength(4);
    expect(streamed(ids)).toMatchObject({ pieces: ['', '', '', '🙂'], rest: '' });
  });

  it('shows no half character and in the end all of any text', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 30 }), (text) => {
        const whole = text.replaceAll('\uFFFD', '?');
        const { pieces, rest } = streamed(tokenizer.encode(whole));
        expect(pieces.join('')).not.toContain('\uFFFD');
        expect(pieces.join('') + rest).toBe(tokenizer.decode(tokenizer.encode(whole)).trimStart());
      }),
    );
  });

  it('shows a character cut off by the end as the replacement character', () => {
    const ids = tokenizer.encode('a🙂').slice(0, -1);
    const { pieces, rest } = streamed(ids);
    expect(pieces.join('')).toBe('a');
    expect(rest).toMatch(/^\uFFFD+$/);
  });

  it('goes on after bytes that are no character', () => {
    const [lead = 0] = tokenizer.encode('🙂');
    const { text, pieces } = streamed([lead, ...tokenizer.encode('red')]);
    expect(text).toBe('\uFFFDred');
    expect(pieces[0]).toBe('');
  });

  it('goes on after any number of bytes that are no character', () => {
    const [lead = 0] = tokenizer.encode('🙂');
    const ids = [...Array<number>(200).fill(lead), ...tokenizer.encode('🙂red')];
    const { pieces, rest } = streamed(ids);
    expect(pieces.join('') + rest).toBe(`${'\uFFFD'.repeat(200)}🙂red`);
    expect(pieces.slice(0, 100).join('')).not.toBe('');
  });

  it('is that of all tokens at once, for tokens in any order', () => {
    const token = fc.oneof(fc.nat(399), fc.constantFrom(...tokenizer.encode('🙂é\uFFFD ')));
    fc.assert(
      fc.property(fc.array(token, { maxLength: 120 }), (ids) => {
        const { pieces, rest } = streamed(ids);
        expect(pieces.join('') + rest).toBe(tokenizer.decode(ids).trimStart());
      }),
    );
  });

  it('is decoded a few tokens at a time, however long the answer is', () => {
    const mostAtOnce = (length: number) => {
      const counting = Object.create(tokenizer) as Tokenizer;
      let most = 0;
      counting.decode = (ids, options) => {
        most = Math.max(most, ids.length);
        return tokenizer.decode(ids, options);
      };
      const streamer = new TextStreamer(counting, ['never']);
      const ids = tokenizer.encode('one 🙂 two <end_of_utterance>'.repeat(length));
      for (const id of ids) streamer.push(id);
      return most;
    };
    expect(mostAtOnce(300)).toBe(mostAtOnce(3));
  });

  it('begins without the blanks that belong to the template', () => {
    expect(streamed(tokenizer.encode(' \n red circle ')).text).toBe('red circle ');
  });

  it('shows no special token', () => {
    expect(streamed(tokenizer.encode('red<end_of_utterance> circle')).text).toBe('red circle');
  });
});

describe('a stop string', () => {
  it('ends the text before it, across tokens', () => {
    const ids = tokenizer.encode('one two three four');
    const { text, stopped, rest, pieces } = streamed(ids, ['o thr']);
    expect({ text, stopped, rest }).toEqual({ text: 'one tw', stopped: true, rest: '' });
    expect(pieces.join('')).toBe('one tw');
  });

  it('that only begins is shown after all', () => {
    const { text, stopped } = streamed(tokenizer.encode('one two'), ['two!']);
    expect({ text, stopped }).toEqual({ text: 'one two', stopped: false });
  });

  it('at the very beginning leaves no text', () => {
    expect(streamed(tokenizer.encode('END of'), ['END'])).toMatchObject({
      text: '',
      stopped: true,
    });
  });

  it('of several is the one that comes first', () => {
    expect(streamed(tokenizer.encode('a b c d'), ['d', 'c', 'zzz']).text).toBe('a b ');
  });

  it('may hold characters of several bytes', () => {
    expect(streamed(tokenizer.encode('ja 🙂👍 no'), ['🙂👍']).text).toBe('ja ');
  });

  it('that is the replacement character does not end an emoji whose bytes come one by one', () => {
    const ids = tokenizer.encode('a🙂b');
    expect(streamed(ids, ['\uFFFD'])).toMatchObject({ text: 'a🙂b', stopped: false });
  });

  it('that is the replacement character ends a text in which one stands', () => {
    const ids = tokenizer.encode('a\uFFFDb');
    expect(streamed(ids, ['\uFFFD'])).toMatchObject({ text: 'a', stopped: true });
  });

  it('that is the replacement character ends a text at bytes that become no character', () => {
    const [lead = 0] = tokenizer.encode('🙂');
    const ids = [...tokenizer.encode('a'), lead, ...tokenizer.encode('b')];
    expect(streamed(ids, ['\uFFFD'])).toMatchObject({ text: 'a', stopped: true });
  });

  it('that ends with the replacement character does not end an unfinished emoji', () => {
    const ids = tokenizer.encode('a🙂b');
    expect(streamed(ids, ['a\uFFFD'])).toMatchObject({ text: 'a🙂b', stopped: false });
  });

  it('is never shown, nor anything after it, however the text is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '🙂', ' '), maxLength: 25 });
    const stops = fc.array(
      fc.string({ unit: fc.constantFrom('a', 'b', 'é', '🙂'), minLength: 1, maxLength: 4 }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(letters, stops, (text, stopStrings) => {
        const shown = text.trimStart();
        // One character a token at most, so that the first stop string to end is the first to be seen.
        const ids = Array.from(text).flatMap((character) => tokenizer.encode(character));
        const ends = stopStrings
          .map((stop) => ({ at: shown.indexOf(stop), end: shown.indexOf(stop) + stop.length }))
          .filter(({ at }) => at !== -1)
          .sort((a, b) => a.end - b.end || a.at - b.at);
        const result = streamed(ids, stopStrings);
        expect(result.text).toBe(shown.slice(0, ends[0]?.at));
        expect(result.pieces.join('') + result.rest).toBe(result.text);
        expect(result.stopped).toBe(ends.length > 0);
      }),
    );
  });
});
