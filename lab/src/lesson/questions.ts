/** One of the answers that a question offers. */
export interface Option {
  /** Stable: what of the figure it stands for. */
  id: string;
  label: string;
  isRight: boolean;
  /** Why it is right or wrong, from the numbers on the page. */
  why: string;
}

/**
 * The right answer and others, from the smallest to the largest value, each value once. Others that look like the right one are left out.
 */
export function numberOptions(right: Answer, ...wrong: Answer[]): Option[] {
  const options: (Answer & { isRight: boolean })[] = [{ ...right, isRight: true }];
  for (const answer of wrong) if (Number.isFinite(answer.value) && !options.some((o) => o.label === answer.label)) options.push({ ...answer, isRight: false });
  return options.sort((a, b) => a.value - b.value).map(({ label, isRight, why, value }) => ({ id: String(value), label, isRight, why }));
}

export interface Answer {
  value: number;
  label: string;
  why: string;
}

/** The first few of things that compete, the best one among them, in the order in which they were given. */
export function shortlist<T>(all: readonly T[], valueOf: (one: T) => number, most = 4): { best: T; shown: T[] } | undefined {
  if (all.length < 2) return undefined;
  const order = [...all].sort((a, b) => valueOf(b) - valueOf(a));
  // Two that are equally good have no right answer.
  const [best, second] = order as [T, T];
  if (valueOf(best) === valueOf(second)) return undefined;
  const shown = new Set(order.slice(0, most));
  return { best, shown: all.filter((one) => shown.has(one)) };
}
