"""Training, evaluation and export of the embedded model `@vistazo/nano`."""
