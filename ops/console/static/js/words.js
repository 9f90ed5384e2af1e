/** Words of the page in both languages; keys are the same in each. */

export const zh = {
  skip: "跳到正文", nav: "主导航", map: "一张图", bus: "总线", quarantine: "隔离区", sharing: "共享协议", accesses: "查阅记录",
  leave: "退出", language: "English", no_purpose: "未声明", purpose_how: "声明本次查看的用途，按共享协议的写法，如 flood-response；随每次查询送达网关并记入查阅记录", acted_on: "{0}（{1} 条）", came: "移出 {0} 条，成为 {1} 条记录", action_opened: "操作开始", action_ended: "操作结束", SignIn: "登录", SignOut: "退出", Redrive: "重新处理", Discard: "丢弃", Show: "查看原文", live: "实时", away: "网关无应答", past: "历史", connecting: "连接中…", ops: "运维",
  login_how: "用一次性令牌进入，令牌由 liandong up 或下面的命令给出。", token: "令牌", enter: "进入", token_void: "令牌无效：只能用一次，十分钟内有效。",
  records: "条记录", kinds: "图层", attention: "需要关注", nothing_grave: "目前没有需要关注的事项", heat: "热力图", none: "无", people: "人流", rain: "降雨",
  search: "查找记录", table: "列表", back_to_map: "回到地图", fit: "全图", close: "关闭", now: "现在", back_to_now: "回到现在", time: "回看时间",
  record: "记录", kind: "类别", value: "数值", agency: "部门", observed: "观测时间", district: "区划", level: "等级", shown_of: "显示 {0} / {1} 条", off_map: "{0} 条没有位置",
  who_sees: "谁还能看到", own_only: "本部门", allowed: "可以查看", refused: "不可查看", untold: "未告知", by: "依据 {0}", hidden: "隐去 {0}", provenance: "来源",
  tone0: "正常", tone1: "蓝色", tone2: "黄色", tone3: "橙色", tone4: "红色",
  bus_lead: "各部门接入的数据源、消息流与服务器的当前状态。", feeds_well: "数据源正常", per_min: "条/分", stored: "已入总线", in_quarantine: "已隔离", spooled: "暂存待发",
  feeds: "数据源", feed: "数据源", state: "状态", rate: "速率", last_minutes: "近况", last: "最近收到", received: "收到", duplicates: "重复", last_error: "最近错误",
  running: "运行", late: "迟到", silent: "沉默", hindered: "受阻", unheard: "失联", stopped: "已停止", failed: "失败", starting: "启动中", never: "从未运行", unspecified: "未知",
  complaints: "需要处理", check: "检查", complaint: "问题与处理办法",
  streams: "消息流", stream: "流", messages: "消息数", size: "大小", full: "占用", consumers: "消费者", pending: "待取", lag: "来源滞后", replicas: "副本", servers: "服务器", server: "服务器", version: "版本", uptime: "运行时间", connections: "连接", cpu: "CPU", memory: "内存", slow: "慢消费者", no_servers: "服务器状态仅运维可见",
  quarantine_lead: "无法转换的报文连同原始字节与原因保存在此，修好原因后可以重新处理。", causes: "原因", cause: "原因", reason: "说明", entries: "条目", senders: "发送方", first: "首次", number: "编号", from: "来自", redrive: "重新处理…", redrive_selected: "重新处理所选…", discard: "丢弃…", discard_selected: "丢弃所选…", select: "选择", hex: "十六进制", text: "文本", no_text: "不是文本", empty_quarantine: "隔离区是空的，一切都能转换。", choose_entry: "选择一条以查看原始字节", all_causes: "显示全部", discarded: "已丢弃", who: "操作者", why: "理由",
  dry: "试运行结果", dry_heals: "{0} 条将成为 {1} 条记录离开隔离区，其中 {2} 条已在总线上；{3} 条留下。", dry_waiting: "{0} 条太新，数据源尚未计入，请稍后再试。", do_redrive: "重新处理", cancel: "取消", redriven: "{0} 条已离开隔离区，成为 {1} 条记录；{2} 条留下。", nothing_heals: "目前没有一条能够转换：先修正原因。",
  discard_title: "永久丢弃 {0} 条", discard_how: "原始字节将被删除且无法恢复；理由与操作者会被保存。", do_discard: "永久丢弃", discarded_done: "已丢弃 {0} 条。",
  sharing_lead: "谁把什么共享给谁。行是提供方，列是使用方；点开看细节。", provider: "提供方", consumer: "使用方", everyone: "所有部门", agreement: "协议", ceiling: "最高密级", hidden_fields: "隐去字段", purposes: "用途", where: "区域", when: "有效期", holds: "生效", not_now: "未生效", opens_at: "{0} 级事件时开放", any: "不限", all_pairs: "显示全部",
  public: "公开", internal: "内部", restricted: "受限", confidential: "机密",
  accesses_lead: "谁查阅了什么：网关逐次记录，链式签名，不可改动。", at: "时间", purpose: "用途", asked: "查询", outcome: "结果", left: "取走", only_refused: "只看被拒绝的", anyone: "任何部门", more: "更多", phase_call: "已答复", phase_opened: "开始订阅", phase_continued: "订阅继续", phase_ended: "订阅结束", outcome_refused: "被拒绝", outcome_broken_off: "中断", no_accesses: "没有查阅记录", refresh: "刷新",
  off: "无法完成：{0}",
};

export const en = {
  skip: "Skip to content", nav: "Main", map: "Map", bus: "Bus", quarantine: "Quarantine", sharing: "Agreements", accesses: "Accesses",
  leave: "Leave", language: "中文", no_purpose: "not stated", purpose_how: "State what you look for, as agreements name it, such as flood-response; every call to the gateway carries it, and the record of accesses tells it", acted_on: "{0} ({1} entries)", came: "{0} entries left, as {1} records", action_opened: "action begun", action_ended: "action ended", SignIn: "came in", SignOut: "left", Redrive: "tried again", Discard: "discarded", Show: "looked at bytes", live: "live", away: "gateway away", past: "past", connecting: "connecting…", ops: "Operators",
  login_how: "Enter with a one-time token, printed by liandong up or by the command below.", token: "Token", enter: "Enter", token_void: "The token is void: it works once, within ten minutes.",
  records: "records", kinds: "Layers", attention: "Needs attention", nothing_grave: "Nothing needs attention now", heat: "Heat map", none: "none", people: "people", rain: "rain",
  search: "Find records", table: "Table", back_to_map: "Back to the map", fit: "Show all", close: "Close", now: "now", back_to_now: "Back to now", time: "Look back",
  record: "Record", kind: "Kind", value: "Value", agency: "Department", observed: "Observed", district: "District", level: "Level", shown_of: "{0} of {1} shown", off_map: "{0} have no place",
  who_sees: "Who else may see it", own_only: "own", allowed: "may read it", refused: "may not", untold: "not told", by: "by {0}", hidden: "without {0}", provenance: "Provenance",
  tone0: "normal", tone1: "blue", tone2: "yellow", tone3: "orange", tone4: "red",
  bus_lead: "How the departments' feeds, the streams and the servers fare right now.", feeds_well: "feeds are well", per_min: "records/min", stored: "on the bus", in_quarantine: "quarantined", spooled: "spooled",
  feeds: "Feeds", feed: "Feed", state: "State", rate: "Rate", last_minutes: "Lately", last: "Last received", received: "Received", duplicates: "Dup.", last_error: "Last error",
  running: "running", late: "late", silent: "silent", hindered: "hindered", unheard: "unheard", stopped: "stopped", failed: "failed", starting: "starting", never: "never ran", unspecified: "unknown",
  complaints: "Needs doing", check: "Check", complaint: "What is wrong, and what to do",
  streams: "Streams", stream: "Stream", messages: "Messages", size: "Size", full: "Full", consumers: "Consumers", pending: "Pending", lag: "Source lag", replicas: "Replicas", servers: "Servers", server: "Server", version: "Version", uptime: "Up", connections: "Connections", cpu: "CPU", memory: "Memory", slow: "Slow consumers", no_servers: "Servers are shown to the operators only",
  quarantine_lead: "What could not be translated, with its raw bytes and the reason. Mend the cause, then try again.", causes: "Causes", cause: "Cause", reason: "Reason", entries: "Entries", senders: "Senders", first: "First", number: "No.", from: "from", redrive: "Try again…", redrive_selected: "Try selected again…", discard: "Discard…", discard_selected: "Discard selected…", select: "Select", hex: "Hexadecimal", text: "Text", no_text: "is no text", empty_quarantine: "The quarantine is empty: everything could be translated.", choose_entry: "Choose an entry to see its raw bytes", all_causes: "Show all", discarded: "Discarded", who: "By", why: "Why",
  dry: "What would come of it", dry_heals: "{0} entries would leave as {1} records, {2} of them stored already; {3} would stay.", dry_waiting: "{0} are so new that the feed has not counted them: try again in a second.", do_redrive: "Try again for good", cancel: "Cancel", redriven: "{0} entries left as {1} records; {2} stay.", nothing_heals: "None of them can be translated now: mend the cause first.",
  discard_title: "Discard {0} for good", discard_how: "The raw bytes are deleted and cannot come back. Your reason is kept, and who did it.", do_discard: "Discard for good", discarded_done: "{0} discarded.",
  sharing_lead: "Who shares what with whom. Rows let read, columns read; open a cell for more.", provider: "Lets read", consumer: "Reads", everyone: "everyone", agreement: "Agreement", ceiling: "Up to", hidden_fields: "Without", purposes: "For", where: "Where", when: "When", holds: "holds", not_now: "not now", opens_at: "opens at level {0}", any: "any", all_pairs: "Show all",
  public: "public", internal: "internal", restricted: "restricted", confidential: "confidential",
  accesses_lead: "Who read what: each access is recorded by the gateway in a signed chain.", at: "When", purpose: "Purpose", asked: "Asked", outcome: "Outcome", left: "Left", only_refused: "Only what was refused", anyone: "anyone", more: "More", phase_call: "answered", phase_opened: "watch opened", phase_continued: "watch goes on", phase_ended: "watch ended", outcome_refused: "refused", outcome_broken_off: "broken off", no_accesses: "No accesses", refresh: "Refresh",
  off: "Could not be done: {0}",
};

/** What the schema's values are called in Chinese. */
export const valuesZh = {
  public: "公开", internal: "内部", restricted: "受限", confidential: "机密", actual: "实际", exercise: "演练", test: "测试",
  valid: "有效", suspect: "存疑", estimated: "估算", invalid: "无效", missing: "缺测", i: "I 级", ii: "II 级", iii: "III 级", iv: "IV 级",
  reported: "已接报", confirmed: "已核实", responding: "处置中", controlled: "已控制", closed: "已办结", false_alarm: "误报",
  natural_disaster: "自然灾害", accident: "事故灾难", public_health: "公共卫生", social_security: "社会安全", in_force: "生效中", superseded: "已更新", cancelled: "已解除",
  red: "红色", orange: "橙色", yellow: "黄色", blue: "蓝色", alert: "发布", update: "更新", cancel: "解除", immediate: "立即", expected: "预期", future: "未来", extreme: "特别严重", severe: "严重", moderate: "较重", minor: "一般", observed: "已发生", likely: "很可能", possible: "可能", unlikely: "不太可能", unknown: "未知",
  normal: "正常", instant: "实时", minutes: "分钟", hour: "小时", day: "日", river: "河道", rain: "雨量", reservoir: "水库", bus: "公交", taxi: "出租车", truck: "货车", dangerous_goods: "危险品运输", emergency: "应急车辆", rail: "轨道", wgs84: "WGS-84", gcj02: "GCJ-02", water: "水", gas: "气",
};

/** What fields are called in Chinese; in English the schema's own names are shown. */
export const fieldsZh = {
  record: "记录", location: "位置", point: "坐标", provenance: "来源", quality: "质量", incident: "警情事件", water_level: "水位", water_rainfall: "雨量", water_quality: "水质", weather_observation: "气象观测", weather_warning: "预警", traffic_vehicle: "车辆", traffic_alert: "交通通告", traffic_crowd: "客流", environment_air: "空气质量", environment_discharge: "排放", health_facility: "医疗机构", health_movement: "就诊流动", measurements: "测量值", attributes: "其他字段", infos: "预警内容", areas: "区域", units: "处置力量", beds: "床位",
  name: "名称", observed_at: "观测时间", received_at: "接收时间", expires_at: "失效时间", sent_at: "发送时间", occurred_at: "发生时间", reported_at: "报警时间", closed_at: "办结时间", classification: "密级", status: "状态", district: "区划代码", address: "地址", latitude_deg: "纬度", longitude_deg: "经度", altitude_m: "高程", accuracy_m: "精度", source_coordinate_system: "原坐标系", feed: "数据源", adapter_version: "适配器版本", adapter: "适配器", source_message_id: "原报文编号", raw_sha256: "原报文 SHA-256", trace_id: "追踪号", format_version: "格式版本", level: "等级", source_flag: "原始标记", note: "备注", number: "编号", category: "类别", type: "类型", type_code: "类型代码", lifecycle: "处置状态", description: "描述", service: "接警单位", station_id: "站号", station_title: "站名", station_type: "站类", level_m: "水位", datum: "基面", flow_m3_s: "流量", warning_level_m: "警戒水位", guaranteed_level_m: "保证水位", current_mm: "当前降雨", cumulative_mm: "累计降雨", last_1h_mm: "1 小时降雨", last_5min_mm: "5 分钟降雨", day_mm: "日降雨", supply_voltage_v: "电压", alarms: "报警", temperature_c: "气温", humidity_pct: "湿度", wind_speed_m_s: "风速", wind_direction_deg: "风向", pressure_hpa: "气压", visibility_m: "能见度", rain_1h_mm: "1 小时降雨", pm2_5_ug_m3: "PM2.5", pm10_ug_m3: "PM10", so2_ug_m3: "二氧化硫", no2_ug_m3: "二氧化氮", co_mg_m3: "一氧化碳", o3_ug_m3: "臭氧", averaging: "均值周期", cod_mg_l: "COD", nh3_n_mg_l: "氨氮", total_phosphorus_mg_l: "总磷", ph: "pH", outlet_id: "排口编号", medium: "介质", vehicle_id: "车辆编号", plate: "车牌", speed_m_s: "速度", course_deg: "航向", has_fix: "已定位", route_id: "线路", headline: "标题", event: "事件", color: "颜色", severity: "严重程度", urgency: "紧迫程度", certainty: "确定程度", state: "状态", identifier: "标识", sender: "发布单位", sender_title: "发布单位", instruction: "防御指南", effective_at: "生效时间", facility_id: "机构编号", title: "名称", ambulance_status: "急救接收", available: "可用", baseline: "核定", occupied: "占用", bed_type: "床位类型", place_title: "地点", place_id: "地点编号", present: "现场人数", entered: "进入", left: "离开", capacity: "容量", call_sign: "呼号", assigned_at: "派出时间", arrived_at: "到达时间",
};
