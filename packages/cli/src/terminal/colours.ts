import pico from 'picocolors';

/** Colours for people: off with `NO_COLOR`, without a terminal, or on a dumb one. */
export const colours = pico.createColors(
  !process.env.NO_COLOR && process.stdout.isTTY === true && process.env.TERM !== 'dumb',
);
