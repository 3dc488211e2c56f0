// hb off the main thread: {id, request} is answered with {id, response}, or with {id, error} in one
// sentence; {hunt} starts a search and {log} the reading of a log, which tell how far they have come
// until they are over. The program is fetched with the first request. Nothing is drawn here.
import { drive, load, why } from "./drive.js";

// How far the reading is, five times a second; then what was read, part after part, and the end.
async function read({ text, file, parser, delimiter }) {
  const { Reading } = await load();
  const reading = new Reading(text ?? (await file.text()), parser, delimiter);
  let told = false;
  while (!reading.slice(100)) told = (postMessage({ news: JSON.parse(reading.news()) }), true);
  const last = JSON.parse(reading.news());
  if (told || last.doubt.left || last.doubt.empty) postMessage({ news: last });
  for (let part = reading.part(); part; part = reading.part()) postMessage({ part });
  postMessage({ end: true });
  reading.free();
}

// Reads a log of its own, so that the first one that matters finds everything compiled.
async function warm(parser) {
  const { Reading } = await load();
  const log = Array.from({ length: 300 }, (_, i) => `a {"a":${i + 1}, "b":1}\nsays ${i}\n`).join("");
  const reading = new Reading(`b {"b":1}\nbegins\n${log}`, parser);
  while (!reading.slice(100));
  while (reading.part());
  reading.free();
}

onmessage = async ({ data: { id, request, hunt, log, ready } }) => {
  try {
    if (hunt) await drive(hunt, (news) => postMessage(news), { slice: 200 });
    else if (ready) await warm(ready);
    else if (log) await read(log);
    else postMessage({ id, response: (await load()).hb_call(request) });
  } catch (e) {
    postMessage({ id, error: why(e) });
  }
};
