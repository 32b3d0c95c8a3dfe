import { describeSeeds } from './seed-suite.ts'

describeSeeds('names', { first: 1, count: 60 })
