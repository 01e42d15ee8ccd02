/** Elements without ceremony. Text is always text: nothing that came from outside is ever parsed as HTML. */
type Child = Node | string | null | undefined | false

type Properties = Readonly<Record<string, string | number | boolean | EventListener | undefined>>

/** Makes an element. `onclick` and the like are listeners; everything else is an attribute. */
export const h = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Properties = {},
  ...children: ReadonlyArray<Child>
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue
    if (typeof value === "function") element.addEventListener(key.slice(2), value)
    else element.setAttribute(key, value === true ? "" : String(value))
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(child)
  return element
}

/** The element with this id, which the page has. */
export const byId = (id: string): HTMLElement => {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element
}

/** Sets a text, and touches nothing when it is the same: a selection and a screen reader stay where they are. */
export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text
}

/**
 * Replaces what is inside, and keeps the focus on the control of the same `data-key`. What looks the same stays: a button
 * that is replaced while it is held down is never clicked.
 */
export const replace = (parent: Element, ...children: ReadonlyArray<Child>): void => {
  const next = h("div", {}, ...children)
  const before = parent.childNodes
  if (
    before.length === next.childNodes.length &&
    Array.from(before).every((it, n) => it.isEqualNode(next.childNodes[n] ?? null))
  )
    return
  const active = document.activeElement
  const key = active !== null && parent.contains(active) ? active.getAttribute("data-key") : null
  parent.replaceChildren(...next.childNodes)
  if (key !== null) parent.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus()
}
