/** Which database the environment means. */
import * as Setting from "../../ports/Setting.ts"

export const defaultFile = "everbot.db"

export const fileSetting = Setting.text({
  name: "EVERBOT_DB",
  about: "The database; its directory must exist.",
  fallback: defaultFile
})
