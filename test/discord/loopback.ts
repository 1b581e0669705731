import net, { type AddressInfo } from 'node:net';

const loopback = '127.0.0.1';

/** Runs what starts servers that bind every interface, and has them bind loopback alone. */
export async function onLoopback<T>(start: () => Promise<T>): Promise<T> {
  const { listen } = net.Server.prototype;
  const servers: net.Server[] = [];
  function listenOnLoopback(this: net.Server, ...given: unknown[]): net.Server {
    servers.push(this);
    const [port] = given;
    const callback = given.at(-1);
    const whenReady = typeof callback === 'function' ? () => void callback() : undefined;
    return Reflect.apply(listen, this, [{ port, host: loopback }, whenReady]);
  }
  net.Server.prototype.listen = listenOnLoopback;
  try {
    const started = await start();
    const bound = servers.map((server) => (server.address() as AddressInfo).address);
    if (bound.length === 0 || bound.some((address) => address !== loopback))
      throw new Error(`A stand-in is bound to ${bound.join(', ') || 'nothing'}.`);
    return started;
  } finally {
    net.Server.prototype.listen = listen;
  }
}
