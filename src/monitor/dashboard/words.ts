/** What the page says, in English and Chinese. */
const words = {
  subtitle: ["keeps your bot alive", "让你的机器人一直在线"],
  live: ["live", "实时"],
  offline: ["no connection to the bot", "与机器人失去连接"],
  healthy: ["healthy", "健康"],
  degraded: ["degraded", "降级"],
  unhealthy: ["unhealthy", "异常"],
  theme: ["Theme", "主题"],
  apiDocs: ["API", "API 文档"],
  signOut: ["Sign out", "退出"],
  signIn: ["Sign in", "登录"],
  token: ["Token", "令牌"],
  tokenHint: ["The bot says at its start which file the token is in.", "机器人启动时会说明令牌保存在哪个文件里。"],
  wrongToken: ["That token is wrong.", "令牌不正确。"],
  connections: ["Connections", "连接"],
  shard: ["shard", "分片"],
  since: ["for", "已持续"],
  roundTrip: ["heartbeat", "心跳"],
  sessions: ["sessions", "会话数"],
  restart: ["Restart", "重启"],
  restarts: ["Restarts", "重启记录"],
  restartBudget: ["Restarts for faults within the window", "窗口内因故障重启"],
  noGuard: ["No process guard runs.", "未启用进程守护。"],
  alerts: ["Alerts", "告警"],
  raised: ["raised", "触发"],
  reminded: ["still", "仍未恢复"],
  recovered: ["recovered", "已恢复"],
  exitCode: ["exit code", "退出码"],
  pause: ["Pause intake", "暂停接收"],
  resume: ["Resume intake", "恢复接收"],
  paused: ["intake paused", "已暂停接收"],
  gaveUp: ["gave up", "已放弃"],
  none: ["nothing yet", "暂无"],
  Disconnected: ["disconnected", "未连接"],
  Connecting: ["connecting", "连接中"],
  Identifying: ["identifying", "鉴权中"],
  Resuming: ["resuming", "恢复会话中"],
  Ready: ["ready", "就绪"],
  Reconnecting: ["reconnecting", "重连中"],
  Failed: ["failed", "失败"],
  Closed: ["closed", "已关闭"],
  rates: ["Events and replies", "事件与回复"],
  received: ["received", "收到"],
  sent: ["replies", "回复"],
  perSecond: ["per second", "每秒"],
  latency: ["Reply latency", "回复延迟"],
  queue: ["Queue", "队列"],
  eventsWaiting: ["events", "待处理事件"],
  messagesWaiting: ["messages", "待发送消息"],
  errorsChart: ["Errors", "错误"],
  processor: ["Processor", "处理器"],
  resident: ["resident", "常驻内存"],
  cpu: ["in use", "使用率"],
  memory: ["Memory", "内存"],
  loopDelay: ["timers late (p99)", "定时器延迟 (p99)"],
  uptime: ["up", "已运行"],
  recoveries: ["Recoveries", "恢复过程"],
  recoveriesHint: ["Each outage, and the rungs that were climbed to end it.", "每次中断，以及为结束它而走过的每一级。"],
  tookOver: ["back after", "恢复用时"],
  ongoing: ["under way", "进行中"],
  resumed: ["resumed", "会话已恢复"],
  identified: ["new session", "新会话"],
  failed: ["waits for a person", "等待人工处理"],
  closed: ["closed", "已关闭"],
  passed: ["passed: it could not help", "跳过：无济于事"],
  resumeStep: ["resume", "恢复会话"],
  identify: ["identify", "重新鉴权"],
  refreshCredentials: ["new token", "刷新凭据"],
  restartAccount: ["restart account", "重启账号"],
  awaitOperator: ["ask a person", "等待人工"],
  endProcess: ["end process", "结束进程"],
  failedStep: ["failed", "失败"],
  messages: ["Messages by state", "消息状态"],
  account: ["account", "账号"],
  oldest: ["oldest waits", "最久等待"],
  holds: ["Holds", "人工接管"],
  holdsHint: [
    "A person has taken over: nothing is handled or said there, and what comes waits until it is released.",
    "已由人工接管：机器人不处理也不发言，期间的消息按序保存，直到释放。"
  ],
  wholeAccount: ["the whole account", "整个账号"],
  waiting: ["waiting", "等待中"],
  takeOver: ["Take over", "接管"],
  release: ["Release", "释放"],
  kind: ["kind", "类型"],
  conversationId: ["id of the conversation", "会话 ID"],
  askHold: ["Why take it over? (kept in the audit trail)", "为什么接管？（会记入审计记录）"],
  deadLetters: ["Dead letters", "死信"],
  what: ["what", "内容"],
  where: ["where", "会话"],
  why: ["why", "原因"],
  when: ["when", "时间"],
  attempts: ["attempts", "尝试次数"],
  requeue: ["Requeue", "重新入队"],
  discard: ["Discard", "丢弃"],
  event: ["event", "事件"],
  message: ["message", "消息"],
  newer: ["Newer", "较新"],
  older: ["Older", "较早"],
  gaps: ["Gaps", "缺口"],
  gapsHint: ["What no replay covered: recorded, never silent.", "没有任何重放能覆盖的部分：只会记录，绝不沉默。"],
  range: ["sequence", "序号"],
  errors: ["Top errors", "主要错误"],
  reason: ["reason", "类型"],
  count: ["count", "次数"],
  latest: ["latest", "最近一次"],
  checks: ["Checks", "检查"],
  news: ["What happens", "动态"],
  missed: ["pieces of news came too fast to be shown", "条动态来得太快，未能显示"],
  playground: ["Playground", "试验场"],
  playgroundHint: [
    "A simulated platform: talk to the bot, break what you like, and watch it heal.",
    "这是模拟平台：和机器人聊天，随意破坏，看它自愈。"
  ],
  chat: ["Chat", "聊天"],
  say: ["Say", "发送"],
  sayHint: ["Say something to the bot", "对机器人说点什么"],
  faults: ["Break it", "制造故障"],
  said: ["said", "已说"],
  answered: ["answered", "已回复"],
  lost: ["lost", "丢失"],
  duplicated: ["duplicated", "重复"],
  outOfOrder: ["out of order", "乱序"],
  askRestart: ["Why restart it? (kept in the audit trail)", "为什么重启？（会记入审计记录）"],
  askPause: ["Why pause it? (kept in the audit trail)", "为什么暂停？（会记入审计记录）"],
  askDiscard: ["Discard it for good?", "确定永久丢弃吗？"],
  cancel: ["Cancel", "取消"],
  ok: ["OK", "确定"],
  plug: ["Pull the plug", "拔掉网线"],
  cut: ["Cut the connection", "切断连接"],
  silence: ["Go silent", "不再应答"],
  reconnect: ["Ask it to reconnect", "要求重连"],
  session: ["Forget its session", "忘记会话"],
  revoke: ["Revoke its token", "吊销凭据"],
  throttle: ["Answer 429", "返回 429"],
  rest: ["Break the REST interface", "REST 接口出错"],
  answers: ["Lose answers", "丢失应答"],
  garbage: ["Send garbage", "发送乱码"],
  reboot: ["Restart the platform", "重启平台"],
  ms: ["ms", "毫秒"],
  s: ["s", "秒"],
  min: ["min", "分"],
  h: ["h", "小时"],
  d: ["d", "天"]
} as const satisfies Record<string, readonly [en: string, zh: string]>

export type Word = keyof typeof words

const languages = ["en", "zh-CN"] as const
let current = 0

export const language = (): string => languages[current] ?? "en"

export const isWord = (text: string): text is Word => text in words

/** A word in the language of the page. */
export const t = (word: Word): string => words[word][current] ?? words[word][0]

/** A word, or the text itself where there is none. */
export const say = (text: string): string => (isWord(text) ? t(text) : text)

const storageKey = "everbot-monitor-language"

/** Writes all fixed texts of the page. */
const write = (): void => {
  document.documentElement.lang = language()
  for (const element of document.querySelectorAll<HTMLElement>("[data-t]")) {
    const word = element.dataset["t"] ?? ""
    if (isWord(word)) element.textContent = t(word)
  }
  for (const element of document.querySelectorAll<HTMLElement>("[data-t-label]")) {
    const word = element.dataset["tLabel"] ?? ""
    if (isWord(word)) element.setAttribute(element.tagName === "INPUT" ? "placeholder" : "aria-label", t(word))
  }
}

export const startLanguage = (): void => {
  const chosen = localStorage.getItem(storageKey) ?? navigator.language
  current = chosen.toLowerCase().startsWith("zh") ? 1 : 0
  write()
}

export const switchLanguage = (): void => {
  current = 1 - current
  localStorage.setItem(storageKey, language())
  write()
}
