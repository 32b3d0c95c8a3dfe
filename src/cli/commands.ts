/** Every command of `foundation`, in the order people meet them. A new one is one line here. */
import type { Command } from './core/command.ts'
import { demoCommand } from './demo/demo.ts'
import { doctorCommand } from './doctor/doctor.ts'
import { explainCommand } from './explain.ts'
import { importCommand } from './import/import.ts'
import { runCommand } from './run.ts'
import { secretCommand } from './secret.ts'
import { statusCommand } from './status.ts'

/** The commands by name. */
export const commands: ReadonlyMap<string, Command> = new Map([
  ['demo', demoCommand],
  ['run', runCommand],
  ['status', statusCommand],
  ['doctor', doctorCommand],
  ['explain', explainCommand],
  ['secret', secretCommand],
  ['import', importCommand],
])
