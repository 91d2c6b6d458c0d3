/** A number as a reader likes it: about so many digits that count, thousands apart, a true minus. */
export function short(value: number, digits = 3): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (!Number.isFinite(size)) return value > 0 ? '∞' : '−∞';
  if (size < 1e-4 || size >= 1e9) {
    const [mantissa, exponent] = size.toExponential(digits - 1).split('e');
    return `${value < 0 ? '−' : ''}${mantissa} · 10${raised(Number(exponent))}`;
  }
  const places = Math.max(0, Math.min(6, digits - 1 - Math.floor(Math.log10(size))));
  const text = size.toLocaleString('en-US', { minimumFractionDigits: size >= 1000 ? 0 : places, maximumFractionDigits: places });
  return value < 0 && Number(text.replaceAll(',', '')) !== 0 ? `−${text}` : text;
}

/** A whole number with thousands apart. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** How many of something, in words: 1 token, 1,024 cells. */
export function many(number: number, one: string): string {
  return `${count(number)} ${one}${number === 1 ? '' : 's'}`;
}

const inWords = new Intl.NumberFormat('en-US', { notation: 'compact', compactDisplay: 'long', maximumSignificantDigits: 3 });

/** How many times as much, large ones in words: 2.50 times, 161 million times. */
export function times(ratio: number): string {
  return `${Math.abs(ratio) < 10_000 ? short(ratio) : inWords.format(ratio)} times`;
}

export function percent(probability: number): string {
  if (probability === 0 || probability === 1) return `${probability * 100} %`;
  return `${short(probability * 100, probability > 0.99 ? 5 : 3)} %`;
}

/** A number inside a formula. */
export function tex(value: number, digits = 3): string {
  if (value === -Infinity) return '-\\infty';
  if (value !== 0 && (Math.abs(value) < 1e-4 || (Math.abs(value) >= 1e9 && digits < 10))) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
    return `${mantissa}\\cdot 10^{${Number(exponent)}}`;
  }
  return short(value, digits).replace('−', '-').replaceAll(',', '{,}');
}

/** A whole number inside a formula. */
export function texCount(value: number): string {
  return count(value).replaceAll(',', '{,}');
}

/** A number that is added to what stands before it: with its sign. */
export function texTerm(value: number, digits = 3): string {
  return value < 0 ? tex(value, digits) : `+${tex(value, digits)}`;
}

/** A number that multiplies: in brackets if it is negative. */
export function texFactor(value: number, digits = 3): string {
  return value < 0 ? `(${tex(value, digits)})` : tex(value, digits);
}

/** A column of the first numbers of a vector, as a row that fits on a phone. */
export function texVector(vector: number[], shown = 3): string {
  return `(${vector.slice(0, shown).map((v) => tex(v)).join(',\\ ')}${vector.length > shown ? ',\\ \\dots' : ''})`;
}

/** A token between quotes, whatever its script. */
export function quoted(label: string): string {
  return `“\u2068${label.length > 1 && label[0] === '·' ? label.slice(1) : label}\u2069”`;
}

function raised(exponent: number): string {
  return [...String(exponent)].map((c) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(c)]).join('');
}
