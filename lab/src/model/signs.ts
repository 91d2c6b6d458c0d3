/** The signs between ⟨ and ⟩ in tokens' labels: bytes of a character that takes several tokens, and a character by its Unicode number. */
export const bytesSign = /⟨[0-9A-F]{2}(\u202f[0-9A-F]{2})*⟩/;
export const characterSign = /⟨U\+[0-9A-F]{4,6}⟩/;
