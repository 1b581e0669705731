/** What the work gives, unless it takes longer; then it throws a `TimeoutError`. @internal */
export function within<Result>(timeoutMs: number, work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = AbortSignal.timeout(timeoutMs);
  late.addEventListener('abort', () => reject(late.reason), { once: true });
  return Promise.race([work, promise]);
}
