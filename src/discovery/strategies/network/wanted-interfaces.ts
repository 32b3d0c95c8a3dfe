/** The option `interfaces` of strategies that speak on network interfaces. */
import { optional, textCheck, type Check, type Rule } from '../../../kernel/index.ts'

/** Interface names or IPv4 addresses: a list, or comma-separated. */
export type InterfacesOption = readonly string[] | string | undefined

const interfacesCheck: Check = (value) => {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  const areTexts = items.every((item) => textCheck(item) === undefined)
  return areTexts ? undefined : 'expected interface names: a list or comma-separated'
}

/** The rule of the option. */
export const interfacesRule: Rule<InterfacesOption> = optional(interfacesCheck)

/** The interfaces to keep to: those of the option, else those of the node, else none for all. */
export function wantedInterfaces(
  option: InterfacesOption,
  ofNode: readonly string[] | undefined,
): readonly string[] {
  if (option === undefined) return ofNode ?? []
  const items = typeof option === 'string' ? option.split(',') : option
  return items.map((item) => item.trim()).filter((item) => item !== '')
}
