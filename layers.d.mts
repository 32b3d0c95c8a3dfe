/** Folders of src/, lowest first. */
export declare const layers: readonly (readonly string[])[]
