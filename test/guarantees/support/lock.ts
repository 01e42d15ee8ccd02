/** Another process that holds the database: locks it, says so, and lets go when its standard input ends. */
import { DatabaseSync } from "node:sqlite"

const db = new DatabaseSync(process.argv[2] ?? "", { timeout: 5000 })
db.exec("BEGIN IMMEDIATE")
process.stdout.write("locked\n")
process.stdin
  .once("end", () => {
    db.exec("ROLLBACK")
    db.close()
  })
  .resume()
