import { describeSeeds } from './seed-suite.ts'

describeSeeds('monitor', { first: 1, count: 40 })
