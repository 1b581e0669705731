/** A failure that is told in one sentence; the codes are those of the other packages. */
export class CreateError extends Error {
  constructor(
    readonly code: 'option.invalid' | 'file.unreadable',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CreateError';
  }
}
