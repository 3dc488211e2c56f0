// hb off the main thread: {id, request} is answered with {id, response}, or with {id, error} in one
// sentence; {hunt} starts a search that tells how far it has come until it is over. The program is
// fetched with the first request. Nothing is drawn here.
import { drive, load, why } from "./drive.js";

onmessage = async ({ data: { id, request, hunt } }) => {
  try {
    if (hunt) await drive(hunt, (news) => postMessage(news), { slice: 200 });
    else postMessage({ id, response: (await load()).hb_call(request) });
  } catch (e) {
    postMessage({ id, error: why(e) });
  }
};
