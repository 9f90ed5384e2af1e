import { en, fieldsZh, valuesZh, zh } from "./words.js";

const KEPT = "liandong.language";
const listeners = new Set();
let zone = "Asia/Shanghai";
let language = localStorage.getItem(KEPT) ?? (navigator.language.startsWith("zh") ? "zh" : "en");

/** @returns {"zh"|"en"} */
export const current = () => language;

/** Take the city's zone, in which all times are shown. @param {string} name */
export function useZone(name) { zone = name; }

/** Show the page in a language. @param {"zh"|"en"} to */
export function use(to) {
  language = to;
  localStorage.setItem(KEPT, to);
  label();
  for (const listener of listeners) listener();
}

/** Call back when the language is another. @param {() => void} listener */
export function onLanguage(listener) { listeners.add(listener); }

/** Return a word or sentence, its gaps filled. @param {string} key @param {...unknown} values */
export function t(key, ...values) {
  const text = (language === "zh" ? zh : en)[key] ?? key;
  return text.replace(/\{(\d)\}/g, (_, at) => String(values[at]));
}

/** Return what a field of the schema is called. @param {string} name */
export function fieldName(name) {
  if (language === "en") return name.replaceAll("_", " ").replaceAll(".", " › ");
  return name.split(".").map((part) => {
    const [, word, number] = /^(.*?)(\[\d+\])?$/.exec(part) ?? [];
    return (fieldsZh[word] ?? word) + (number ?? "");
  }).join(" › ");
}

/** Return what a value of the schema's is called. @param {string} name */
export function valueName(name) {
  const word = String(name).toLowerCase();
  return (language === "zh" && valuesZh[word]) || word.replaceAll("_", " ");
}

/** Fill in the words of the page's fixed parts. */
export function label() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
}

/** Return one of a title's languages, written "公安 Public Security". @param {string} title */
export function titled(title) {
  const match = /^([^\x00-\x7f]+)\s+([A-Za-z][\x00-\x7f]+)$/.exec(title);
  return match ? match[language === "zh" ? 1 : 2] : title;
}

const formats = new Map();
function format(name, options) {
  const key = `${name} ${zone}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("sv-SE", { timeZone: zone, ...options }));
  return formats.get(key);
}

/** Return a moment as a clock shows it, in the city's zone. @param {number} seconds since 1970 */
export const clock = (seconds) => format("clock", { timeStyle: "medium" }).format(seconds * 1000);

/** Return a moment with its date, in the city's zone. @param {number} seconds since 1970 */
export const moment = (seconds) => format("moment", { dateStyle: "short", timeStyle: "medium" }).format(seconds * 1000);

/** Return a moment; today's without the date. @param {number|undefined} seconds */
export function when(seconds) {
  if (!seconds) return "–";
  const [date, time] = moment(seconds).split(" ");
  return moment(Date.now() / 1000).startsWith(date) ? time : `${date} ${time}`;
}

/** Return a number with its thousands parted. @param {number|undefined} value */
export const count = (value) => (value ?? 0).toLocaleString("en");

/** Return a number of bytes as people say it. @param {number} value */
export function bytes(value) {
  const power = value ? Math.min(Math.floor(Math.log10(value) / 3), 4) : 0;
  return `${(value / 1000 ** power).toFixed(power ? 1 : 0)} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}
