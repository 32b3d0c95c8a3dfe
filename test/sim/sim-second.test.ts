import { describeSeeds } from './seed-suite.ts'

describeSeeds(101, 100)
