const kept = 'heed-lesson';

/** Which chapters' questions were answered, kept in this browser and nowhere else. */
class Progress {
  #done: Set<string> = $state.raw(new Set(read()));

  get count(): number {
    return this.#done.size;
  }

  isDone(chapter: string): boolean {
    return this.#done.has(chapter);
  }

  finish(chapter: string): void {
    if (this.#done.has(chapter)) return;
    this.#set(new Set([...this.#done, chapter]));
  }

  forget(): void {
    this.#set(new Set());
  }

  #set(done: Set<string>): void {
    this.#done = done;
    try {
      localStorage.setItem(kept, JSON.stringify([...done]));
    } catch {
      // Without storage, progress lasts as long as the page.
    }
  }
}

function read(): string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(kept) ?? '[]');
    return Array.isArray(list) ? list.filter((c) => typeof c === 'string') : [];
  } catch {
    return [];
  }
}

export const progress = new Progress();
