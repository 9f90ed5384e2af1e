import { current } from "./i18n.js";

/** Kinds of records: colour, Chinese, English. */
const KINDS = {
  "incident.report": ["#ff5f6d", "警情事件", "Incidents"],
  "weather.warning": ["#ffb020", "气象预警", "Weather warnings"],
  "weather.observation": ["#8ecbff", "气象观测", "Weather stations"],
  "water.level": ["#3f8cff", "水位", "Water levels"],
  "water.rainfall": ["#2fd0ff", "雨量", "Rain gauges"],
  "water.quality": ["#26d7c3", "水质", "Water quality"],
  "water.picture": ["#6aa3c9", "水文图像", "Water pictures"],
  "traffic.vehicle": ["#b693ff", "车辆", "Vehicles"],
  "traffic.alert": ["#ef7bf7", "交通通告", "Traffic alerts"],
  "traffic.crowd": ["#ff7ec2", "客流", "Crowds"],
  "environment.air": ["#7fe38a", "空气质量", "Air quality"],
  "environment.discharge": ["#b3c75f", "污染排放", "Discharges"],
  "health.facility": ["#ff9db5", "医疗机构", "Hospitals"],
  "health.movement": ["#d98ba0", "就诊流动", "Patient flow"],
  "safety.hazard": ["#f59e3b", "安全隐患", "Hazards"],
  "response.team": ["#ffe28a", "救援队伍", "Rescue teams"],
  "response.plan": ["#c9c3a0", "应急预案", "Plans"],
  "response.card": ["#a8a58f", "岗位卡", "Response cards"],
  "station.report": ["#8b97a8", "站点报告", "Station reports"],
};
const OTHER = ["#9aa7ba", "其他", "Other"];

export const names = Object.keys(KINDS);
export const colors = [...names.map((name) => KINDS[name][0]), OTHER[0]];
export const TONES = ["#5d6d86", "#58a6ff", "#f7d154", "#ff9f43", "#ff4d5e"];
export const VEHICLE = names.indexOf("traffic.vehicle");

const numbers = new Map(names.map((name, at) => [name, at]));
/** Return a record's kind as a number. @param {string} name of the record */
export function kindOf(name) {
  const from = name.indexOf("/") + 1;
  return numbers.get(name.slice(from, name.indexOf("/", from))) ?? names.length;
}

/** Return what a kind is called. @param {number} kind */
export function kindName(kind) {
  return (KINDS[names[kind]] ?? OTHER)[current() === "zh" ? 1 : 2];
}

/** Return the department that owns a record. @param {string} name of the record */
export const agencyOf = (name) => name.slice(0, name.indexOf("/"));
