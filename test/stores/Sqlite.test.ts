import { sqliteDisk } from "./disks.ts"
import { suite } from "./StoreSuite.ts"

suite("Sqlite", sqliteDisk)
