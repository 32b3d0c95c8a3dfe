/** What travels on the streams of a link. */

/** One parcel. */
export type Parcel =
  /** The dialler's last word of the handshake: the link is up on its side. */
  | { readonly kind: 'confirm' }
  /** `payload` belongs to the engine and is never written again. */
  | { readonly kind: 'data'; readonly sequence: number; readonly payload: Uint8Array }
  /** First on each connection: everything up to `sequence` was sent before it. */
  | { readonly kind: 'resume'; readonly sequence: number }
  | { readonly kind: 'ping'; readonly sentAtMs: number }
  | { readonly kind: 'pong'; readonly sentAtMs: number }
  /** Nothing follows. `lost` stands for a reset. */
  | { readonly kind: 'end'; readonly reason: 'goodbye' | 'lost' }

/** What a payload costs beside its own bytes, as the header of a frame does; all of any other parcel. */
export const headerBytes = 12
