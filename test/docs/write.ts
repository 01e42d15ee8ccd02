/** `npm run docs`: writes the pages that are made from the code. */
import { writeFileSync } from "node:fs"
import { file, render } from "./coverage.ts"

writeFileSync(file, render())
