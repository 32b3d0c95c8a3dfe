/**
 * The engine under test, for tests of what stands above the transport. `TEST_ENGINE` chooses it;
 * no test asks which one it is: a test says what it needs, and is skipped where that is missing.
 */
import { brokerGround } from './broker-ground.ts'
import { memoryGround } from './memory-ground.ts'
import { chosenOf, needsOn, type Ground, type Needs } from './network.ts'

/** The one these tests run on. */
export const ground: Ground = chosenOf({ memory: memoryGround, nats: brokerGround }, 'memory')

/** See {@link Needs}. */
export const needs: Needs = needsOn(ground)
