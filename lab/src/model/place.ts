/** Where a visitor is: everything that an address holds. Any view can be bookmarked, shared and loaded again. */
export const views = ['lesson', 'look', 'change', 'explain', 'count', 'chat'] as const;
export type View = (typeof views)[number];

export const stages = ['RawScores', 'ScaledScores', 'MaskedScores', 'Pattern'] as const;
export type Stage = (typeof stages)[number];

export type Convention = 'Lesson' | 'Library';

/** What was said, and the tokens of the reply. */
export interface Turn {
  said: string;
  reply: number[];
}

export interface Place {
  view: View;
  text: string;
  layer: number;
  head: number;
  /** The token that looks; undefined for the last one. */
  query?: number;
  /** The token looked at; undefined for the one with the most weight. */
  key?: number;
  stage: Stage;
  convention: Convention;
  model?: string;
  edits: string[];
  /** Tokens that go on from the text, as they were taken one by one. */
  after: number[];
  /** A conversation. */
  talk: Turn[];
  /** Another sentence that is shown beside; empty or not there: none. */
  other?: string;
  /** The model that reads the other; not there: the same one. */
  otherModel?: string;
  /** What else a view needs: its chapter, its analysis. */
  page?: string;
  /** What is set on a page: a temperature, words, a size. What is as the page has it is not there. */
  settings: Record<string, string>;
}

export const home: Place = {
  view: 'look',
  text: 'a fluffy blue creature roamed the verdant forest',
  layer: 10,
  head: 1,
  stage: 'Pattern',
  convention: 'Lesson',
  edits: [],
  after: [],
  talk: [],
  settings: {},
};

const stageNames: Record<Stage, string> = { RawScores: 'raw', ScaledScores: 'scaled', MaskedScores: 'masked', Pattern: 'softmax' };

/** The address of a place, without the host. What is as at home is left out. */
export function formatPlace(place: Place): string {
  const query = new URLSearchParams();
  if (place.text !== home.text) query.set('text', place.text);
  if (place.layer !== home.layer || place.head !== home.head) query.set('head', `${place.layer}.${place.head}`);
  if (place.query !== undefined) query.set('query', String(place.query));
  if (place.key !== undefined) query.set('key', String(place.key));
  if (place.stage !== home.stage) query.set('stage', stageNames[place.stage]);
  if (place.convention !== home.convention) query.set('rows', 'queries');
  if (place.model) query.set('model', place.model);
  for (const edit of place.edits) query.append('edit', edit);
  if (place.other) query.set('other', place.other);
  if (place.otherModel) query.set('with', place.otherModel);
  if (place.after.length > 0) query.set('after', place.after.join('.'));
  for (const [name, value] of Object.entries(place.settings)) query.set(`set.${name}`, value);
  const search = query.toString();
  // A conversation may be longer than what a server is sent: it stands after a #, which stays in the browser.
  const talk = new URLSearchParams(place.view === 'chat' ? place.talk.flatMap(({ said, reply }) => [['said', said], ['reply', reply.join('.')]]) : []).toString();
  return `/${place.view}${place.page ? `/${encodeURIComponent(place.page)}` : ''}${search ? `?${search}` : ''}${talk ? `#${talk}` : ''}`;
}

/** The place of an address. What it does not say, or says wrongly, is as at home. */
export function parsePlace(address: URL): Place {
  const [first, second] = address.pathname.split('/').filter(Boolean);
  const query = address.searchParams;
  const [layer, head] = (query.get('head') ?? '').split('.');
  const stage = stages.find((s) => stageNames[s] === query.get('stage'));
  return {
    view: views.find((v) => v === first) ?? home.view,
    text: query.get('text') ?? home.text,
    layer: whole(layer) ?? home.layer,
    head: whole(head) ?? home.head,
    query: whole(query.get('query')),
    key: whole(query.get('key')),
    stage: stage ?? home.stage,
    convention: query.get('rows') === 'queries' ? 'Library' : 'Lesson',
    model: query.get('model') ?? undefined,
    edits: query.getAll('edit'),
    other: query.get('other') ?? undefined,
    otherModel: query.get('with') ?? undefined,
    after: ids(query.get('after')),
    talk: turns(new URLSearchParams(address.hash.slice(1))),
    settings: Object.fromEntries([...query].flatMap(([name, value]) => (name.startsWith('set.') ? [[name.slice(4), value]] : []))),
    page: second === undefined ? undefined : decode(second),
  };
}

function whole(text: string | null | undefined): number | undefined {
  return text && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function ids(text: string | null | undefined): number[] {
  return (text ?? '').split('.').flatMap((id) => whole(id) ?? []);
}

/** What was said without a reply is not there. */
function turns(talk: URLSearchParams): Turn[] {
  const replies = talk.getAll('reply').map(ids);
  return talk.getAll('said').flatMap((said, i) => (replies[i]?.length ? [{ said, reply: replies[i] }] : []));
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
