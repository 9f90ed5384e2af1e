import { t } from "./i18n.js";

let proof = "";

/** Take what proves that a change comes from this page. @param {string} told */
export function useProof(told) { proof = told; }

async function answer(response) {
  if (response.status === 401) location.replace("/login");
  if (response.ok) return response;
  const text = await response.text();
  let sentence = text;
  try { sentence = JSON.parse(text).error; } catch { /* it is the sentence itself */ }
  throw new Error(t("off", sentence));
}

/** Ask the console. @param {string} path @param {Record<string, string|number>} [query] */
export async function get(path, query = {}) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "").map(([key, value]) => [key, String(value)]));
  return (await answer(await fetch(`/api/${path}?${asked}`))).json();
}

/** Ask the console for lines of JSON; yields each. @param {string} path */
export async function* lines(path) {
  const reader = (await answer(await fetch(`/api/${path}`))).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

/** Ask the console to change something. @param {string} path @param {object} content */
export async function post(path, content) {
  return (await answer(await fetch(`/api/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Liandong-Proof": proof },
    body: JSON.stringify(content),
  }))).json();
}

let socket;
let view = "";
/** Tell at which view this page is. @param {string} name */
export function lookAt(name) {
  view = name;
  if (socket?.readyState === WebSocket.OPEN) socket.send(view);
}

/** Follow what changes, for ever. @param {(message: any) => void} take @param {() => void} lost */
export function follow(take, lost) {
  let pause = 500;
  const open = () => {
    socket = new WebSocket(`wss://${location.host}/api/live`);
    let begun = false;
    socket.onopen = () => lookAt(view);
    socket.onmessage = ({ data }) => {
      pause = 500;
      if (!begun) take({ t: "begin" });
      begun = true;
      take(JSON.parse(data));
    };
    socket.onclose = async () => {
      lost();
      await new Promise((resolve) => { setTimeout(resolve, pause); });
      pause = Math.min(pause * 2, 8000);
      // A session that is over is told by any answer.
      get("session").catch(() => {}).finally(open);
    };
  };
  open();
}
