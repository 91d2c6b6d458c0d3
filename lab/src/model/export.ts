import type { Figure } from './api';

/** A value of a figure: what it stands for, what it is, and the same in words. */
export interface FigureValue {
  key: string;
  value: number | null;
  words: string;
}

let sheet: Promise<string> | undefined;

/** The figure as a file of its own: with the style sheet that pages keep once. */
export function svgOf(figure: Figure): Promise<string> {
  return styled(figure.svg);
}

/** The colours that the page has: chosen on it, or the system's. */
export function theme(): 'light' | 'dark' {
  return (document.documentElement.dataset.theme as 'light' | 'dark' | undefined) ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
}

/** The figure as pixels, twice as many as its size, on its own paper, in the colours that the page has. */
export async function pngOf(figure: Figure): Promise<Blob> {
  const image = await pictureOf(await styled(figure.svg.replace('<svg ', `<svg data-theme="${theme()}" `)));
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [Math.round(figure.width * 2), Math.round(figure.height * 2)];
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return await new Promise((resolve, reject) => canvas.toBlob((b) => (b ? resolve(b) : reject(new Error('the browser made no picture'))), 'image/png'));
}

/** An SVG with the style sheet inside. */
export async function styled(svg: string): Promise<string> {
  sheet ??= fetch('/figures.css').then((r) => r.text());
  const style = `<style>${await sheet}</style>`;
  return svg.replace('>', () => `>\n${style}`);
}

/** An SVG as a picture that can be drawn. */
export async function pictureOf(svg: string): Promise<HTMLImageElement> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** The figure's values, in the order in which they are drawn. A group of many has each under its key and a number. */
export function valuesOf(figure: Figure): FigureValue[] {
  const svg = new DOMParser().parseFromString(figure.svg, 'image/svg+xml');
  const values: FigureValue[] = [];
  for (const mark of svg.querySelectorAll<SVGElement>('[data-key]')) {
    const { key, value, values: many, floats } = mark.dataset;
    const words = mark.querySelector(':scope > title')?.textContent ?? '';
    if (value !== undefined) values.push({ key: key!, value: numberOf(value), words });
    else if (many !== undefined) many.split(' ').forEach((v, i) => values.push({ key: `${key}[${i}]`, value: numberOf(v), words }));
    else if (floats !== undefined) floatsOf(floats).forEach((v, i) => values.push({ key: `${key}[${i}]`, value: Number.isFinite(v) ? v : null, words }));
  }
  return values;
}

/** The same as a table that spreadsheets open. */
export function csvOf(figure: Figure): string {
  // A cell that begins like a formula would be run as one.
  const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  return ['key,value,words', ...valuesOf(figure).map((v) => `${cell(v.key)},${v.value ?? ''},${cell(v.words)}`)].join('\r\n') + '\r\n';
}

export function download(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** JSON has no infinities: a masked score is null, and its words say so. */
function numberOf(text: string): number | null {
  const number = Number(text);
  return text !== '' && Number.isFinite(number) ? number : null;
}

function floatsOf(base64: string): number[] {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return [...new Float32Array(bytes.buffer)];
}
