/** See machine-node.mjs. */
export function machineNode(): { readonly file: string; readonly version: string } | undefined
