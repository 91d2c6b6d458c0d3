/** The analyses of the Explain view: what each answers, what its result means, and what it does not say. */
export interface Analysis {
  id: string;
  name: string;
  asks: string;
  means: string;
  unknown: string;
  /** What its words mean, where the figures use some that not everybody knows. */
  words?: string;
}

export const analyses: Analysis[] = [
  {
    id: 'attribute',
    name: 'Attribute',
    asks: 'Which heads and MLPs wrote the next word, and how much of it did each write?',
    means: 'The last layer only reads off a sum. Every part of the model added its own vector to that sum, so the score of a word splits into one exact part for each of them.',
    unknown: 'A part is what was written directly. What it changed in later parts is counted there, not here; “Ablate” shows both together.',
    words: 'A logit is the score of a token, of which softmax makes its probability. Head 10.1 is head 1 of layer 10; an MLP is the block behind the heads of its layer. The final norm divides the last vector by its size.',
  },
  {
    id: 'why',
    name: 'Why',
    asks: 'Why does this token look at that one?',
    means: 'A score is a query times a key. Both are sums of what earlier parts wrote, so the score splits into pairs: who wrote the query, and who wrote the key.',
    unknown: 'It says which parts agree, not what they mean. The softmax then compares this score with the others of its column.',
  },
  {
    id: 'heads',
    name: 'Heads',
    asks: 'What does each head look at, as a rule?',
    means: 'Five simple habits are known: the token before, the same token earlier, what followed it (induction), the first token, the token itself. Each head is scored by how much of its attention follows the habit.',
    unknown: 'A high score names a habit, not a purpose. On random tokens, twice in a row, only the repetition can help; a head may do something else on real text. What a head with low scores everywhere does is not known from this.',
    words: 'p is the probability that the model gave to the token that came; −ln p tells how surprised it was.',
  },
  {
    id: 'ablate',
    name: 'Ablate',
    asks: 'What gets worse, or better, without each part?',
    means: 'Each head, MLP or layer is taken out in turn, and the text is run again. A large change says that this text needs the part.',
    unknown: 'A small change does not prove that a part does nothing: others may step in for it. And zeros are an input that the rest of the model never learned to expect; “its mean” is milder.',
    words: 'The loss is the mean of −ln p, where p is the probability that the model gave to each token that came: how surprised it was. A logit is the score of a token, of which softmax makes its probability.',
  },
  {
    id: 'patch',
    name: 'Patch',
    asks: 'Where does the difference between two sentences live?',
    means: 'The other sentence is run with one piece taken from yours. Where 1 stands, that piece alone brings back your sentence’s answer; where 0 stands, it changes nothing.',
    unknown: 'It shows where the difference is carried, not how it is computed. Shares need not add up to 1.',
  },
  {
    id: 'circuit',
    name: 'Circuit',
    asks: 'What would this head move, and what would it look for, whatever the text?',
    means: 'The head’s weights alone are multiplied out: which words become likelier when it looks at a token (value, then output), and which keys a token’s query fits best.',
    unknown: 'In later layers the stream holds much more than the token itself, so what a head does on a real text can differ. Positions are left out.',
    words: 'The eigenvalues λ of the map from what is looked at to what becomes likelier tell whether a head copies: where they are positive, tokens make themselves likelier.',
  },
  {
    id: 'directions',
    name: 'Directions',
    asks: 'Do directions among word vectors mean something?',
    means: 'Words are added and subtracted as vectors; the nearest tokens are what the sum is close to. Words can also be placed along the direction.',
    unknown: 'Near is not the same as alike in meaning: spelling, case and how often a word occurs count, too. A few examples that work are no law.',
  },
  {
    id: 'lens',
    name: 'Lens',
    asks: 'What would the model say if it stopped after each layer?',
    means: 'Each row reads the stream of one layer as if it were the last. You see at which layer the answer appears.',
    unknown: 'Early layers were not made to be read like this. What looks like nonsense there may be useful to the layers above.',
  },
];
