import { describeSeeds } from './seed-suite.ts'

describeSeeds(81, 80)
