/** What a mark of a figure stands for: `L3.H1.q4.k2` is layer 3, head 1, the query at position 4 and the key at position 2; `t42` is token 42 of the vocabulary. */
export interface Key {
  layer?: number;
  head?: number;
  query?: number;
  key?: number;
  position?: number;
  token?: number;
}

const parts = { L: 'layer', H: 'head', q: 'query', k: 'key', p: 'position', t: 'token' } as const;

/** The parts of a mark's key that name something of the model; other parts are left out. */
export function parseKey(text: string): Key {
  const key: Key = {};
  for (const part of text.split('.')) {
    const name = parts[part[0] as keyof typeof parts];
    const number = part.slice(1);
    if (name && /^\d+$/.test(number)) key[name] = Number(number);
  }
  return key;
}
