import { VistazoError } from '../../../errors.js';

const place = (path: string): string => (path === '' ? 'jsonSchema' : `jsonSchema at ${path}`);

/** No schema: something in it is of the wrong kind. */
export const invalidSchema = (path: string, fault: string): VistazoError =>
  new VistazoError('option.invalid', `The option ${place(path)} ${fault}; correct the schema.`);

/** A schema that no value is valid under. */
export const contradiction = (path: string, fault: string): VistazoError =>
  new VistazoError(
    'option.invalid',
    `The option ${place(path)} ${fault}, so that no answer can follow it; correct the schema.`,
  );

/** A schema that says something that answers are not held to. */
export const unsupportedSchema = (path: string, fault: string): VistazoError =>
  new VistazoError(
    'option.unsupported',
    `The option ${place(path)} ${fault}, which an answer cannot be held to here; leave it out or use a model on a server that can.`,
  );
