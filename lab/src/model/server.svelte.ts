/** Whether the server answers. While it does not, it is asked until it does: here, once for everything on the page. */
class Server {
  isAway = $state(false);
  #back: Promise<void> | undefined;

  /** It did not answer. Resolves when it does again. */
  lost(): Promise<void> {
    return (this.#back ??= this.#return());
  }

  async #return(): Promise<void> {
    this.isAway = true;
    do await new Promise((resolve) => setTimeout(resolve, 1000));
    while (!(await fetch('/api/models').then((r) => r.ok, () => false)));
    this.isAway = false;
    this.#back = undefined;
  }
}

export const server = new Server();
