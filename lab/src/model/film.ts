import { BufferTarget, CanvasSource, Output, WebMOutputFormat, getFirstEncodableVideoCodec } from 'mediabunny';
import type { Figure } from './api';
import { pictureOf, styled, theme } from './export';

const rate = 30;
/** Seconds that a step stands still, and that the way to the next one takes. */
const hold = 1.8, way = 0.8;
const widest = 1600;

/**
 * A sequence as a film: every step stands for a while, and moves into the next one as on the page. It is drawn frame by frame, so it is
 * as smooth on a slow machine as on a fast one.
 * @param told the part that is done, 0 to 1
 */
export async function filmOf(steps: Figure[], told: (done: number) => void, stop: AbortSignal): Promise<Blob> {
  const width = Math.max(...steps.map((s) => s.width)), height = Math.max(...steps.map((s) => s.height));
  const scale = Math.min(2, widest / width);
  // Video has half as many pixels for colours: sides are even.
  const canvas = Object.assign(document.createElement('canvas'), { width: 2 * Math.round((width * scale) / 2), height: 2 * Math.round((height * scale) / 2) });
  const codec = await getFirstEncodableVideoCodec(['vp9', 'vp8', 'av1'], { width: canvas.width, height: canvas.height });
  if (!codec) throw new Error('this browser writes no WebM videos; Firefox and Chromium do');
  const context = canvas.getContext('2d')!;
  const source = new CanvasSource(canvas, { codec, bitrate: 4e6, keyFrameInterval: 2 });
  const output = new Output({ format: new WebMOutputFormat(), target: new BufferTarget() });
  output.addVideoTrack(source, { frameRate: rate });
  const stage = Object.assign(document.createElement('div'), { className: 'film', ariaHidden: 'true' });
  document.body.append(stage);
  try {
    await output.start();
    const frames = Math.round(way * rate), all = steps.length + (steps.length - 1) * frames;
    let [time, drawn] = [0, 0];
    const add = async (svg: SVGSVGElement, seconds: number) => {
      stop.throwIfAborted();
      const image = await pictureOf(await styled(svg.outerHTML));
      context.fillStyle = getComputedStyle(svg.querySelector('.ground')!).fill;
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(image, 0, 0, svg.viewBox.baseVal.width * scale, svg.viewBox.baseVal.height * scale);
      await source.add(time, seconds);
      time += seconds;
      told(++drawn / all);
    };

    let last: SVGSVGElement | undefined;
    for (const step of steps) {
      const svg = document.importNode(new DOMParser().parseFromString(step.svg, 'image/svg+xml').documentElement, true) as unknown as SVGSVGElement;
      svg.dataset.theme = theme();
      stage.append(svg);
      if (last) {
        const show = heedFigures.between(last, svg);
        last.remove();
        for (let frame = 1; frame <= frames; frame++) {
          show(frame / (frames + 1));
          await add(svg, 1 / rate);
        }
        show(1);
      }
      await add(svg, hold);
      last = svg;
    }
    // Without a frame at its end a film stops where its last one begins.
    await add(last!, 1 / rate);
    await output.finalize();
    return new Blob([(output.target as BufferTarget).buffer!], { type: 'video/webm' });
  } catch (error) {
    await output.cancel();
    throw error;
  } finally {
    stage.remove();
  }
}
