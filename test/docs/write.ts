/** `npm run docs`: writes the pages that are made from the code. */
import { writeFileSync } from "node:fs"
import * as coverage from "./coverage.ts"
import * as metrics from "./metrics.ts"
import * as settings from "./settings.ts"

for (const { file, render } of [coverage, metrics, settings]) writeFileSync(file, render())
