/**
 * A hand-over, as its home drives it: seven steps, each a command to one of two nodes. Pure.
 *
 * Until `retire` the source is the child: any failure leads back to it. From then on the state is
 * what matters: it exists twice, and the child is started with it, here or elsewhere.
 * @source research on Dapr (no overlap of old and new), Orleans (state travels on a planned move),
 *   Pekko (calls are held meanwhile).
 */

/** What the home does next. */
export const handoverSteps = [
  'reserve', // target: hold the calls of the child
  'seal', // source: send new calls to the target, work off the rest, export the state
  'carry', // target: fetch the state and check it
  'retire', // source: stop; keep the state
  'start', // target: start with the state and a higher epoch; held calls flow
  'release', // source: forget the state, say where the child went
  'unseal', // source: go on serving
  'cancel', // target: send held calls back
] as const
/** One of {@link handoverSteps}. */
export type HandoverStep = (typeof handoverSteps)[number]

/** How a hand-over ended. */
export type HandoverEnd =
  | 'moved'
  | 'aborted' // the source serves as before
  | 'stranded' // the source has stopped and the target did not start: a start elsewhere follows

/** Where a hand-over is. */
export type HandoverState = HandoverStep | HandoverEnd

/** What came of a step. */
export type StepResult = 'done' | 'failed'

const transitions: Readonly<Record<HandoverStep, Readonly<Record<StepResult, HandoverState>>>> = {
  reserve: { done: 'seal', failed: 'cancel' },
  seal: { done: 'carry', failed: 'unseal' },
  carry: { done: 'retire', failed: 'unseal' },
  // Whether it stopped is not known; a source that did not stop says so, and is asked to go on.
  retire: { done: 'start', failed: 'stranded' },
  start: { done: 'release', failed: 'stranded' },
  release: { done: 'moved', failed: 'moved' },
  unseal: { done: 'cancel', failed: 'cancel' },
  cancel: { done: 'aborted', failed: 'aborted' },
}

/** The first step. */
export const handoverStart: HandoverState = 'reserve'

/** What follows; a hand-over that has ended stays so. */
export function handoverNext(state: HandoverState, result: StepResult): HandoverState {
  return isEnded(state) ? state : transitions[state][result]
}

/** True when there is no next step. */
export function isEnded(state: HandoverState): state is HandoverEnd {
  return state === 'moved' || state === 'aborted' || state === 'stranded'
}
