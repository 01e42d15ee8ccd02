/** A question to the person, in a dialog of the page: keyboard, screen readers and Escape work as everywhere. */
import { byId, h } from "./dom.ts"
import { t } from "./words.ts"

/** Asks for a text, or with `text: false` for a yes; `undefined` when it was cancelled. */
export const ask = (question: string, options: { readonly text: boolean }): Promise<string | undefined> =>
  new Promise((resolve) => {
    const input = h("input", { type: "text", maxlength: 200, required: true, "aria-label": question, autofocus: true })
    const form = h(
      "form",
      { method: "dialog", class: "question" },
      h("p", {}, question),
      options.text && input,
      h(
        "menu",
        {},
        h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")),
        h("button", { type: "submit", class: "primary", value: "ok" }, t("ok"))
      )
    )
    const dialog = h("dialog", { "aria-label": question }, form)
    dialog.addEventListener("close", () => {
      dialog.remove()
      resolve(dialog.returnValue === "ok" ? input.value : undefined)
    })
    document.body.append(dialog)
    dialog.showModal()
  })

/** Says for a while how something went. */
export const notify = (text: string, kind: "good" | "bad"): void => {
  const note = h("p", { class: `toast ${kind}` }, text)
  byId("toasts").append(note)
  setTimeout(() => note.remove(), 6000)
}

/** Does something and says if it was refused. */
export const attempt = async (action: Promise<unknown>): Promise<void> => {
  try {
    await action
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error), "bad")
  }
}
