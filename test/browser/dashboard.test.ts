/** The dashboard of `npm start`, in a real browser: talk to the bot, pull the plug, watch it heal. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { start } from "../cli/child.ts"
import { does, isInstalled, open, picture } from "./page.ts"

/** The demo where nothing breaks by itself, and the address that it prints first. */
const demo = Effect.gen(function* () {
  const child = yield* start(["src/cli/demo/main.ts", "--calm"])
  yield* child.printed("\n")
  const [first = ""] = child.output().split("\n")
  const [, address = ""] = /^dashboard (http:\/\/127\.0\.0\.1:\d+\/#token=\S+)$/.exec(first) ?? []
  assert.notStrictEqual(address, "", `the first line is "${first}"`)
  return { child, address: new URL(address), token: address.replace(/^.*#token=/, "") }
})

describe.skipIf(!isInstalled)("the dashboard", () => {
  it.live("shows how the bot loses its connection and comes back, and that no message was lost", () =>
    Effect.gen(function* () {
      const { address, child } = yield* demo
      const { asked, page, problems } = yield* open
      yield* does(() => page.goto(address.href))
      const state = page.getByTestId("state")
      yield* does(() => state.getByText("ready", { exact: true }).waitFor())
      // The token does not stay where people look over shoulders.
      assert.notInclude(page.url(), "token")

      const chat = page.locator("#chat")
      const say = (text: string) =>
        does(async () => {
          await page.getByPlaceholder("Say something to the bot").fill(text)
          await page.keyboard.press("Enter")
        })
      yield* say("good morning")
      yield* does(() => chat.getByText("you said: good morning", { exact: true }).waitFor())

      // By keyboard alone: from where one writes, the buttons are a few Tabs away.
      yield* does(async () => {
        for (let n = 0; n < 20; n++) {
          await page.keyboard.press("Tab")
          if ((await page.evaluate("document.activeElement?.dataset.fault")) === "plug") break
        }
        await page.keyboard.press("Enter")
      })
      yield* does(() => state.getByText("reconnecting", { exact: true }).waitFor())
      yield* say("are you there?")
      yield* picture(page, "reconnecting")
      assert.strictEqual(yield* does(() => chat.getByText("you said: are you there?", { exact: true }).count()), 0)

      yield* does(() => state.getByText("ready", { exact: true }).waitFor())
      yield* does(() => chat.getByText("you said: are you there?", { exact: true }).waitFor())
      yield* does(() => page.locator('#recoveries [data-outcome="resumed"]').first().waitFor())
      const ladder = yield* does(() => page.locator("#recoveries .ladder").first().innerText())
      assert.include(ladder, "ConnectionLost")
      assert.match(ladder, /resumed · back after/)
      for (const promise of ["lost", "duplicated", "outOfOrder"]) {
        assert.match(yield* does(() => page.locator(`[data-verdict=${promise}]`).innerText()), / 0$/)
      }
      yield* picture(page, "healed")

      const foreign = asked.filter((url) => !url.startsWith(address.origin) && !url.startsWith("data:"))
      assert.deepStrictEqual([foreign, problems], [[], []])
      yield* child.signal("SIGINT")
      assert.strictEqual(yield* child.exit, 0, child.output())
      assert.include(child.output(), "2 messages said, 2 handled, 2 answered")
      assert.include(child.output(), "PASSED: 0 lost, 0 duplicated, 0 out of order")
    }).pipe(Effect.scoped)
  )

  it.live("asks for the token, says when it is wrong, and speaks English and Chinese, light and dark", () =>
    Effect.gen(function* () {
      const { address, token } = yield* demo
      const { page, problems } = yield* open
      yield* does(() => page.goto(address.origin))
      const enter = (text: string) =>
        does(async () => {
          await page.getByLabel("Token").fill(text)
          await page.keyboard.press("Enter")
        })
      yield* enter("not the token at all")
      yield* does(() => page.getByRole("alert").getByText("That token is wrong.").waitFor())
      // The refusal of the API is the only thing that went wrong.
      assert.deepStrictEqual(
        problems.filter((problem) => !problem.includes("401")),
        []
      )
      yield* enter(token)
      const heading = (name: string) => does(() => page.getByRole("heading", { name, exact: true }).waitFor())
      yield* heading("Connections")

      // A person takes the account over, and gives it back.
      // By keyboard: the page still fills, and moves under a pointer.
      yield* does(() => page.getByRole("button", { name: "Take over", disabled: false }).press("Enter"))
      yield* does(() =>
        page
          .getByLabel(/^Why take it over/)
          .last()
          .fill("lunch")
      )
      yield* does(() => page.keyboard.press("Enter"))
      const held = page.locator("#holds").getByText("lunch")
      yield* does(() => held.waitFor())
      yield* picture(page, "held")
      yield* does(() => page.getByRole("button", { name: /^Release: qq:/ }).click())
      yield* does(() => held.waitFor({ state: "detached" }))

      const ink = () => page.evaluate<string>("getComputedStyle(document.body).color")
      const light = yield* does(ink)
      yield* does(() => page.emulateMedia({ colorScheme: "dark" }))
      const dark = yield* does(ink)
      assert.notStrictEqual(light, dark)
      yield* does(() => page.getByRole("button", { name: "中文" }).click())
      yield* heading("连接")
      yield* does(() => page.getByTestId("state").getByText("就绪", { exact: true }).waitFor())
      assert.strictEqual(yield* does(() => page.evaluate<string>("document.documentElement.lang")), "zh-CN")
      yield* picture(page, "dark-chinese")

      // Charts say in words what they draw.
      const charts = yield* does(() =>
        page.getByRole("img").evaluateAll((all) => all.map((one) => String(one.getAttribute("aria-label"))))
      )
      assert.strictEqual(charts.length, 6)
      for (const label of charts) assert.match(label, /\S+: \S+/)
      // A reload needs no second login, signing out does.
      yield* does(() => page.reload())
      yield* heading("连接")
      yield* does(() => page.getByRole("button", { name: "退出" }).click())
      yield* does(() => page.getByLabel("令牌").waitFor())
    }).pipe(Effect.scoped)
  )
})
