// hb off the main thread. The program is fetched with the first request; nothing is drawn here.
import { serve } from "./drive.js";

onmessage = ({ data }) => serve(data, (news) => postMessage(news), { slice: data.hunt ? 200 : 100 });
