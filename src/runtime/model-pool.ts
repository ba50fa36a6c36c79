import { ModelHost, type ModelHostOptions } from './model-host.ts';

/** The models in use, one host each. A model is resolved and loaded once, however many ask for it at the same time. */
export class ModelPool {
  readonly #hosts = new Map<string, Promise<ModelHost>>();
  #closed = false;

  /** The host for `key`, made from `resolve` at its first request; a failed resolution is forgotten, so the next one tries again. */
  async host(key: string, resolve: () => Promise<ModelHostOptions>): Promise<ModelHost> {
    const known = this.#hosts.get(key);
    if (known !== undefined) return known;
    const made = resolve().then((options) => {
      const host = new ModelHost(options);
      if (this.#closed) void host.close();
      return host;
    });
    this.#hosts.set(key, made);
    made.catch(() => this.#hosts.delete(key));
    return made;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const hosts = await Promise.allSettled(this.#hosts.values());
    await Promise.all(hosts.map((host) => (host.status === 'fulfilled' ? host.value.close() : undefined)));
  }
}
