// Preloaded by local-slack, which listens on every interface by itself and has no option for it.
const { serve } = globalThis.Bun;
globalThis.Bun.serve = (options) => serve({ ...options, hostname: '127.0.0.1' });
