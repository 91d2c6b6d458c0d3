/** A sentence to try, and where in the model to look at it. */
export interface Example {
  text: string;
  layer?: number;
  head?: number;
  query?: number;
}

/** The sentences that this lesson's questions were first asked about. */
export const sentences: readonly Example[] = [
  { text: 'a fluffy blue creature roamed the verdant forest' },
  { text: 'they crashed the car', layer: 10, head: 1 },
  { text: 'the miniature Eiffel tower', layer: 13, head: 2 },
  { text: 'American shrew mole' },
  { text: 'Take a biopsy of the mole' },
  { text: 'She sat down on the bank of the river' },
  { text: 'Therefore the murderer was' },
];
