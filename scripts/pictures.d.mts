/** Every picture: name and svg. */
export function pictures(): { readonly name: string; readonly svg: string }[]
