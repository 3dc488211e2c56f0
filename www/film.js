// Pictures that leave the page. SVG in, pixels and files out.
import { FACES } from "./faces.js";

let faces;

async function base64(blob) {
  const url = await new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(",") + 1);
}

async function face([family, weight, file]) {
  const answer = await fetch(new URL(`fonts/${file}.woff2`, document.baseURI));
  const data = await base64(await answer.blob());
  return `@font-face{font-family:"${family}";font-weight:${weight};src:url(data:font/woff2;base64,${data})}`;
}

// The letters, fetched once; empty where they cannot be had now.
export function letters() {
  faces ??= Promise.all(FACES.map(face)).then(
    all => all.join(""),
    () => ((faces = undefined), ""),
  );
  return faces;
}

// A picture by itself may fetch nothing: it brings its letters with it.
export async function lettered(svg) {
  const style = await letters();
  return svg.replace("<style>", () => `<style>${style}`);
}

async function drawn(svg, scale) {
  // Keys and pointers first: a film is long.
  await new Promise(done => setTimeout(done));
  const url = URL.createObjectURL(new Blob([await lettered(svg)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    // Video wants even sides.
    canvas.width = 2 * Math.round((image.naturalWidth * scale) / 2);
    canvas.height = 2 * Math.round((image.naturalHeight * scale) / 2);
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    return { canvas, pen };
  } finally {
    URL.revokeObjectURL(url);
  }
}

export async function png(svg, scale) {
  const { canvas } = await drawn(svg, scale);
  const blob = await new Promise(done => canvas.toBlob(done, "image/png"));
  return new Uint8Array(await blob.arrayBuffer());
}

export async function pixels(svg, scale) {
  const { canvas, pen } = await drawn(svg, scale);
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  return { width: canvas.width, height: canvas.height, data: new Uint8Array(data.buffer) };
}

let worker;
let give;
/** So many milliseconds hb may think; a worker that was ended says nothing, ever. */
const PATIENCE = 120_000;

// hb off the main thread; `stop` ends it.
export function hb(args) {
  stop();
  const answered = new Promise((done, fail) => {
    const late = setTimeout(() => end("the worker did not answer"), PATIENCE);
    const end = (give = (why, text) => {
      clearTimeout(late);
      worker?.terminate();
      worker = give = undefined;
      if (why) fail(why);
      else done(text);
    });
    worker = window.hbBoot.start("worker.js");
    worker.onmessage = ({ data: { response, error } }) => {
      if (error || response.code === 64) end(error || response.stderr);
      else end(undefined, response.stdout);
    };
    worker.onerror = e => (e.preventDefault(), end("the worker did not start"));
    worker.postMessage({ id: 1, request: { args, files: {}, stdin: "" } });
  });
  return answered;
}

export function stop() {
  give?.("cancelled");
}

// WebM: one VP8 track, a cluster from each key frame on (RFC 8794, RFC 9559).
const bytes = n => {
  const out = [];
  do out.unshift(n % 256);
  while ((n = Math.floor(n / 256)) > 0);
  return out;
};
const size = n => {
  const out = new Array(8).fill(0);
  for (let i = 7; i > 0; i--, n = Math.floor(n / 256)) out[i] = n % 256;
  out[0] = 1;
  return out;
};
const element = (id, ...parts) => {
  const body = parts.map(p => (p instanceof Uint8Array ? p : Uint8Array.from(p)));
  const length = body.reduce((n, p) => n + p.length, 0);
  const out = new Uint8Array(bytes(id).length + 8 + length);
  out.set([...bytes(id), ...size(length)]);
  let at = out.length - length;
  for (const p of body) {
    out.set(p, at);
    at += p.length;
  }
  return out;
};
const words = text => new TextEncoder().encode(text);
const float = n => new Uint8Array(new Float64Array([n]).buffer).reverse();

function webm(width, height, ms, title, frames) {
  const clusters = [];
  for (let i = 0; i < frames.length; ) {
    const start = Math.round(frames[i].at);
    const blocks = [];
    do {
      const { at, key, data } = frames[i++];
      const since = Math.round(at) - start;
      blocks.push(element(0xa3, [0x81, since >> 8, since & 255, key ? 0x80 : 0], data));
    } while (i < frames.length && !frames[i].key);
    clusters.push(element(0x1f43b675, element(0xe7, bytes(start)), ...blocks));
  }
  const head = element(
    0x1a45dfa3,
    element(0x4286, [1]), element(0x42f7, [1]), element(0x42f2, [4]), element(0x42f3, [8]),
    element(0x4282, words("webm")), element(0x4287, [2]), element(0x4285, [2]),
  );
  const info = element(
    0x1549a966,
    element(0x2ad7b1, bytes(1_000_000)), element(0x4489, float(ms)), element(0x7ba9, words(title)),
    element(0x4d80, words("Happened Before")), element(0x5741, words("Happened Before")),
  );
  const track = element(
    0x1654ae6b,
    element(
      0xae,
      element(0xd7, [1]), element(0x73c5, [1]), element(0x83, [1]), element(0x86, words("V_VP8")),
      element(0xe0, element(0xb0, bytes(width)), element(0xba, bytes(height))),
    ),
  );
  return new Blob([head, element(0x18538067, info, track, ...clusters)]);
}

// A film in the making: `add` frames, then `finish`.
export function film(scale, fps) {
  const frames = [];
  let encoder, failed, width, height, count = 0;
  return {
    async add(svg) {
      const { canvas } = await drawn(svg, scale);
      if (!encoder) {
        ({ width, height } = canvas);
        encoder = new VideoEncoder({
          output(chunk) {
            const data = new Uint8Array(chunk.byteLength);
            chunk.copyTo(data);
            frames.push({ at: chunk.timestamp / 1000, key: chunk.type === "key", data });
          },
          error(e) {
            failed = e;
          },
        });
        encoder.configure({ codec: "vp8", width, height, bitrate: 4_000_000, framerate: fps });
      }
      const at = Math.round((count * 1_000_000) / fps);
      const frame = new VideoFrame(canvas, { timestamp: at });
      encoder.encode(frame, { keyFrame: count++ % fps === 0 });
      frame.close();
      if (encoder.encodeQueueSize > 8) await encoder.flush();
      if (failed) throw failed;
    },
    async finish(title) {
      await encoder.flush();
      encoder.close();
      if (failed) throw failed;
      const blob = webm(width, height, (count * 1000) / fps, title, frames);
      return new Uint8Array(await blob.arrayBuffer());
    },
  };
}
